#!/usr/bin/env python3
"""Train the story model that ships with Lathe, from a folder of plain-text books to a Hugging Face folder.

    train.py --data TALES --out RUN [--minutes 130] [--threads 2] [--resume | --start FOLDER]

TALES holds one .txt per book: one paragraph per line (verse keeps its line breaks), a blank line between
paragraphs. RUN receives the tokenizer, checkpoints with optimizer state, a log, and RUN/export, the folder that
transformers (and Lathe) load. The learning rate follows the wall clock: it is annealed when the minutes are over,
whatever the machine's speed. --resume continues from RUN's checkpoint with a fresh budget of --minutes; --start begins
with the weights and the tokenizer of an exported folder, such as the one beside this file.

Needs torch >= 2.9, tokenizers and safetensors. README.md beside this file is the model card.
"""
import argparse
import json
import math
import os
import pathlib
import random
import re
import shutil
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning at barriers wastes a shared machine

import torch
from torch import multiprocessing
from torch import nn
from torch.nn import functional as F

END = "<|endoftext|>"  # stands before every story, so it both starts and ends a text
CONTEXT = 512
SHAPE = dict(hidden=256, layers=6, heads=8, kv_heads=4, intermediate=768, vocab=4096, theta=10000.0, eps=1e-5)
# Whole books, never trained on: traditional tales, an animal story, art tales.
HELD_OUT = ("jacobs-europas-fairy-book", "burgess-paddy-the-beaver", "wilde-the-happy-prince")


# ---- text -----------------------------------------------------------------------------------------------------------

HEADING = re.compile(r"^(chapter\b.*|part\b.{0,20}|[ivxlc]+\.?|\d+\.?|([ivxlc]+|\d+)\.\s.{1,70})$", re.IGNORECASE)
ARCHAIC = r"(?!(?:tis|twas|twere|twill|twould|em|cause|til|till|un|im|er|ere|stute|scuse)\b)"
OPENING = re.compile(r"(^|[\s(\[\"-])'(?=[A-Za-z])" + ARCHAIC, re.IGNORECASE)
CLOSING = re.compile(r"(?<=[.,!?;:\-])'(?=[\s).,;!?-]|$)")


def isHeading(paragraph):
    """Titles and chapter numbers: they separate stories and are not part of what is learned."""
    if "\n" in paragraph and not all(isHeading(line) for line in paragraph.split("\n")):
        return False
    if HEADING.match(paragraph.strip()) and not paragraph.rstrip().endswith(('"', "'", "!", "?")):
        return True
    letters = [c for c in paragraph if c.isalpha()]
    if letters and len(paragraph) < 90 and sum(c.isupper() for c in letters) > 0.8 * len(letters):
        return not paragraph.startswith(('"', "'"))
    return len(paragraph) < 60 and paragraph[-1:].isalnum() and paragraph[:1].isalnum() and "\n" not in paragraph


def withDoubleQuotes(paragraph):
    """British books quote with ' and American ones with \": one convention is easier to learn."""
    text = OPENING.sub(lambda m: m.group(1) + "\0", paragraph)
    text = CLOSING.sub("\0", text)
    marks = text.count("\0")
    if marks == 0 or '"' in text and marks % 2:
        return paragraph
    return text.replace('"', "'").replace("\0", '"')


def stories(path):
    """The stories or chapters of one book, each a list of paragraphs."""
    text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    text = re.sub(r"\[(?:Illustration|Footnote|Note)[^\]]*\]", "", text, flags=re.IGNORECASE | re.DOTALL)
    text = re.sub(r"\[\d+\]|\s*(?:\*\s*){2,}", " ", text).replace("_", "").replace(" - ", "--")
    british = len(re.findall(r"(?:^|[\s(-])'[A-Z]", text)) > len(re.findall(r"(?:^|[\s(-])\"[A-Z]", text))
    story = []
    for paragraph in re.split(r"\n\s*\n", text):
        paragraph = re.sub(r"[ \t]+", " ", paragraph).strip()
        if not paragraph or not any(c.isalnum() for c in paragraph):
            continue
        if isHeading(paragraph):
            if sum(map(len, story)) > 300:
                yield story
            story = []
            continue
        story.append(withDoubleQuotes(paragraph) if british else paragraph)
    if sum(map(len, story)) > 300:
        yield story


def trainTokenizer(texts):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=SHAPE["vocab"], special_tokens=[END], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    end = tokenizer.token_to_id(END)
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single=f"{END} $A", pair=f"{END} $A {END} $B", special_tokens=[(END, end)])])
    return tokenizer


def encode(tokenizer, story):
    """Token ids of a story with the positions where its paragraphs start; the first token is END."""
    separator = tokenizer.encode("\n\n", add_special_tokens=False).ids
    ids, starts = [tokenizer.token_to_id(END)], [0]
    for number, paragraph in enumerate(tokenizer.encode_batch(story, add_special_tokens=False)):
        if number:
            ids += separator
            starts.append(len(ids))
        ids += paragraph.ids
    return ids, starts


def windows(encoded, generator):
    """One epoch: stories in random order, cut into CONTEXT + 1 tokens; every cut starts at a paragraph."""
    order = list(range(len(encoded)))
    generator.shuffle(order)
    stream, starts = [], []
    for number in order:
        ids, paragraphs = encoded[number]
        starts += [len(stream) + start for start in paragraphs]
        stream += ids
    cuts, at, index = [], 0, 0
    while at + CONTEXT + 1 <= len(stream):
        cuts.append(at)
        while index + 1 < len(starts) and starts[index + 1] <= at + CONTEXT:
            index += 1
        # A paragraph longer than half a window is cut inside: otherwise its middle is read twice as often.
        at = starts[index] if starts[index] > at + CONTEXT // 2 else at + CONTEXT
    generator.shuffle(cuts)
    stream = torch.tensor(stream)
    return [stream[cut:cut + CONTEXT + 1] for cut in cuts]


# ---- model ----------------------------------------------------------------------------------------------------------

class Block(nn.Module):
    def __init__(self, hidden, heads, kv_heads, intermediate, eps, dropout, **_):
        super().__init__()
        self.dropout = dropout
        self.heads, self.kvHeads, self.width = heads, kv_heads, hidden // heads
        self.attentionNorm, self.mlpNorm = nn.RMSNorm(hidden, eps), nn.RMSNorm(hidden, eps)
        self.q = nn.Linear(hidden, heads * self.width, bias=False)
        self.k = nn.Linear(hidden, kv_heads * self.width, bias=False)
        self.v = nn.Linear(hidden, kv_heads * self.width, bias=False)
        self.o = nn.Linear(heads * self.width, hidden, bias=False)
        self.gate, self.up = (nn.Linear(hidden, intermediate, bias=False) for _ in range(2))
        self.down = nn.Linear(intermediate, hidden, bias=False)

    def forward(self, x, cos, sin, mask):
        batch, length, hidden = x.shape
        h = self.attentionNorm(x)
        q, k, v = (w(h).view(batch, length, -1, self.width).transpose(1, 2) for w in (self.q, self.k, self.v))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        group = self.heads // self.kvHeads
        a = causalAttention(q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), mask)
        x = x + self.dropped(self.o(a.transpose(1, 2).reshape(batch, length, hidden)))
        h = self.mlpNorm(x)
        return x + self.dropped(self.down(F.silu(self.gate(h)) * self.up(h)))

    def dropped(self, x):
        return F.dropout(x, self.dropout, torch.is_grad_enabled())


def causalAttention(q, k, v, mask):
    """Attention in four blocks of rows, each over the keys it can see: on a CPU in bf16 this takes half the time of
    scaled_dot_product_attention, forward and backward."""
    length, blocks = q.shape[2], []
    for first in range(0, length, 128):
        last = min(first + 128, length)
        scores = q[:, :, first:last] @ k[:, :, :last].transpose(-1, -2) * q.shape[-1] ** -0.5
        blocks.append(torch.softmax(scores + mask[first:last, :last], -1).to(v.dtype) @ v[:, :, :last])
    return torch.cat(blocks, 2)


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return (x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin).to(x.dtype)


class Llama(nn.Module):
    def __init__(self, hidden, layers, heads, vocab, theta, eps, **rest):
        super().__init__()
        self.embedding = nn.Embedding(vocab, hidden)
        self.blocks = nn.ModuleList(Block(hidden, heads, eps=eps, **rest) for _ in range(layers))
        self.norm = nn.RMSNorm(hidden, eps)
        width = hidden // heads
        angle = torch.arange(CONTEXT)[:, None] * theta ** (-torch.arange(0, width, 2) / width)[None]
        self.register_buffer("cos", torch.cat((angle, angle), -1).cos().bfloat16(), persistent=False)
        self.register_buffer("sin", torch.cat((angle, angle), -1).sin().bfloat16(), persistent=False)
        mask = torch.full((CONTEXT, CONTEXT), float("-inf"), dtype=torch.bfloat16).triu(1)
        self.register_buffer("mask", mask, persistent=False)
        for name, weight in self.named_parameters():
            if name == "embedding.weight":
                nn.init.normal_(weight, std=0.02)
            elif name.endswith((".o.weight", ".down.weight")):
                nn.init.zeros_(weight)  # every block starts as the identity
            elif weight.dim() == 2:
                nn.init.normal_(weight, std=0.6 * weight.shape[1] ** -0.5)

    def forward(self, tokens, targets):
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, self.cos[:tokens.shape[1]], self.sin[:tokens.shape[1]], self.mask)
        logits = F.linear(self.norm(x), self.embedding.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]).float(), targets.reshape(-1), reduction="sum")


PARTS = {"attentionNorm": "input_layernorm", "mlpNorm": "post_attention_layernorm", "q": "self_attn.q_proj",
         "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj", "gate": "mlp.gate_proj",
         "up": "mlp.up_proj", "down": "mlp.down_proj"}


def exportedName(name):
    """A weight's name in checkpoints of transformers."""
    if not name.startswith("blocks."):
        return {"embedding.weight": "model.embed_tokens.weight", "norm.weight": "model.norm.weight"}[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{PARTS[part]}.weight"


def loadFolder(model, folder):
    """The opposite of exportFolder, for the weights."""
    from safetensors.torch import load_file
    tensors = load_file(folder / "model.safetensors")
    model.load_state_dict({name: tensors[exportedName(name)].float() for name, _ in model.named_parameters()})


def exportFolder(state, tokenizer, folder):
    """Write what transformers loads: config, generation_config, bf16 safetensors, tokenizer."""
    from safetensors.torch import save_file
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {exportedName(name): weight for name, weight in state.items()}
    save_file({n: w.to(torch.bfloat16).contiguous() for n, w in tensors.items()}, folder / "model.safetensors",
              metadata={"format": "pt"})
    end = tokenizer.token_to_id(END)
    config = dict(architectures=["LlamaForCausalLM"], model_type="llama", attention_bias=False, attention_dropout=0.0,
                  bos_token_id=end, eos_token_id=end, head_dim=SHAPE["hidden"] // SHAPE["heads"], hidden_act="silu",
                  hidden_size=SHAPE["hidden"], initializer_range=0.02, intermediate_size=SHAPE["intermediate"],
                  max_position_embeddings=CONTEXT, mlp_bias=False, num_attention_heads=SHAPE["heads"],
                  num_hidden_layers=SHAPE["layers"], num_key_value_heads=SHAPE["kv_heads"], pretraining_tp=1,
                  rms_norm_eps=SHAPE["eps"], rope_theta=SHAPE["theta"], rope_scaling=None, tie_word_embeddings=True,
                  torch_dtype="bfloat16", use_cache=True, vocab_size=SHAPE["vocab"])
    generation = dict(bos_token_id=end, eos_token_id=end, do_sample=True, temperature=0.7, top_k=50, top_p=0.95,
                      repetition_penalty=1.15)
    tokens = dict(tokenizer_class="PreTrainedTokenizerFast", bos_token=END, eos_token=END, unk_token=None,
                  add_prefix_space=False, clean_up_tokenization_spaces=False, model_max_length=CONTEXT)
    for name, value in (("config", config), ("generation_config", generation), ("tokenizer_config", tokens)):
        (folder / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"))


# ---- training -------------------------------------------------------------------------------------------------------

PIECE = 2  # sequences in one forward and backward pass


def work(model, gradients, tasks, results, seed):
    """One worker: single-threaded passes over the pieces it takes; gradients add up in its shared row."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    at = 0
    for weight in model.parameters():
        weight.grad = gradients[at:at + weight.numel()].view_as(weight)
        at += weight.numel()
    while True:
        batch, scale = tasks.get()
        with torch.set_grad_enabled(scale > 0), torch.autocast("cpu", torch.bfloat16):
            loss = model(batch[:, :-1], batch[:, 1:])
        if scale > 0:
            (loss * scale).backward()
        results.put(loss.item())


class Workers:
    """Processes that share the weights and take pieces of a batch from one queue: where other programs slow one core
    down, the other takes more, and nobody waits inside an operation."""

    def __init__(self, model, count):
        context = multiprocessing.get_context("spawn")
        self.model = model.share_memory()
        size = sum(p.numel() for p in model.parameters())
        self.gradients = [torch.zeros(size).share_memory_() for _ in range(count)]
        self.tasks, self.results = context.Queue(), context.Queue()
        for seed, row in enumerate(self.gradients):
            context.Process(target=work, args=(model, row, self.tasks, self.results, seed), daemon=True).start()

    def losses(self, windows, scale=0.0):
        """The summed loss of the windows; with a scale, also the gradient of scale * loss in the weights' .grad."""
        pieces = [torch.stack(windows[i:i + PIECE]) for i in range(0, len(windows), PIECE)]
        for piece in pieces:
            self.tasks.put((piece, scale))
        total = sum(self.results.get() for _ in pieces)
        if scale > 0:
            flat, at = sum(self.gradients), 0
            for weight in self.model.parameters():
                weight.grad = flat[at:at + weight.numel()].view_as(weight)
                at += weight.numel()
            for row in self.gradients:
                row.zero_()
        return total

    def evaluate(self, windows):
        """Nats per token (bf16 autocast, as in training)."""
        return self.losses(windows) / (len(windows) * CONTEXT)


def prepare(args):
    """Tokenizer, encoded training stories and held-out windows; the tokenizer of an earlier run is kept."""
    from tokenizers import Tokenizer
    books = {path.stem: list(stories(path)) for path in sorted(args.data.glob("*.txt"))}
    trained = [s for name, book in books.items() if name not in HELD_OUT for s in book]
    file = args.out / "tokenizer.json"
    if args.start:
        shutil.copy(args.start / "tokenizer.json", file)
    if not file.exists():
        trainTokenizer(p for s in trained for p in s).save(str(file))
    tokenizer = Tokenizer.from_file(str(file))
    encoded = [encode(tokenizer, story) for story in trained]
    held = windows([encode(tokenizer, s) for name in HELD_OUT for s in books.get(name, [])], random.Random(0))
    return tokenizer, encoded, held


def optimizers(model, args):
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and n != "embedding.weight"]
    others = [p for n, p in model.named_parameters() if p.dim() < 2 or n == "embedding.weight"]
    return [torch.optim.Muon(matrices, lr=args.lr, weight_decay=args.decay, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=0.5 * args.lr, betas=(0.9, 0.95), weight_decay=0.01)]


def train(args):
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer, encoded, held = prepare(args)
    model = Llama(**SHAPE, dropout=args.dropout)
    if args.start:
        loadFolder(model, args.start)
    average = {n: p.detach().clone() for n, p in model.named_parameters()}
    optimizer = optimizers(model, args)
    seen = dict(steps=0, tokens=0, epochs=0, minutes=0.0)
    checkpoint = args.out / "checkpoint.pt"
    if args.resume:
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        average, seen = saved["average"], saved["seen"]
        for o, state in zip(optimizer, saved["optimizer"]):
            o.load_state_dict(state)
    workers = Workers(model, args.threads)
    log = open(args.out / "log.jsonl", "a")

    def record(**what):
        print(json.dumps(what), file=log, flush=True)
        print(json.dumps(what), flush=True)

    def save(final=False):
        shown = held if final else held[::4]
        live = {n: p.detach().clone() for n, p in model.named_parameters()}
        losses = dict(live=workers.evaluate(shown))
        model.load_state_dict(average)
        losses["average"] = workers.evaluate(shown)
        best = min(losses, key=losses.get)
        exportFolder(average if best == "average" else live, tokenizer, args.out / "export")
        model.load_state_dict(live)
        temporary = checkpoint.with_suffix(".new")
        torch.save(dict(model=live, average=average, seen=seen, optimizer=[o.state_dict() for o in optimizer]), temporary)
        temporary.replace(checkpoint)
        record(**seen, held_out=losses, exported=best, perplexity=math.exp(losses[best]), final=final)

    record(parameters=sum(p.numel() for p in model.parameters()), stories=len(encoded),
           tokens_per_epoch=sum(len(ids) for ids, _ in encoded), held_out_tokens=len(held) * CONTEXT, **settings(args))
    start = time.monotonic()
    spent, before = (lambda: (time.monotonic() - start) / 60), seen["minutes"]
    saved, shown, losses, queue = 0.0, 0.0, [], []
    generator = random.Random(args.seed + seen["steps"])
    while spent() < args.minutes:
        if len(queue) < args.batch:
            queue = windows(encoded, generator)
            seen["epochs"] += 1
        p = spent() / args.minutes
        rate = min(1.0, (seen["steps"] + 1) / args.warmup if not args.resume else 1.0, p / 0.01 + 0.02)
        rate *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * p))
        total = workers.losses([queue.pop() for _ in range(args.batch)], 1 / (args.batch * CONTEXT))
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in optimizer:
            for group in o.param_groups:
                group["lr"] = group.setdefault("peak", group["lr"]) * rate
            o.step()
        seen.update(steps=seen["steps"] + 1, tokens=seen["tokens"] + args.batch * CONTEXT, minutes=before + spent())
        # The averaging window grows with the run and ends at about the last 3 % of a long one.
        decay = min(0.98, 1 - 1 / (1 + seen["steps"] / 10))
        for name, weight in model.named_parameters():
            average[name].lerp_(weight.detach(), 1 - decay)
        losses.append(total / (args.batch * CONTEXT))
        if spent() - shown > 0.5:
            shown = spent()
            record(minutes=round(shown, 2), step=seen["steps"], epoch=seen["epochs"], tokens=seen["tokens"],
                   loss=round(sum(losses) / len(losses), 4), rate=round(rate, 4))
            losses = []
        if spent() - saved > args.save_every:
            saved = spent()
            save()
    save(final=True)


def settings(args):
    return {name: str(value) for name, value in vars(args).items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=130)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16, help="sequences of 512 tokens per step")
    parser.add_argument("--lr", type=float, default=6e-3)
    parser.add_argument("--dropout", type=float, default=0.0, help="share of each block's outputs that a step leaves out")
    parser.add_argument("--decay", type=float, default=0.05, help="weight decay of the matrices")
    parser.add_argument("--warmup", type=int, default=40, help="steps")
    parser.add_argument("--save-every", type=float, default=15, help="minutes between checkpoints and exports")
    parser.add_argument("--seed", type=int, default=1)
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--resume", action="store_true")
    begin.add_argument("--start", type=pathlib.Path, metavar="FOLDER", help="an exported folder to begin with")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
