#!/usr/bin/env python3
"""Records what Hugging Face's `tokenizers` makes of tricky texts, for FixturesTest.cpp.

Trains small tokenizers of each kind (Llama 2, Llama 3, BERT cased and lower case, a GPT-2-like one) and writes
fixtures/<name>/tokenizer.json with fixtures/<name>/cases.json; gpt2 gets cases only, its tokenizer is shared data.
"sentencepiece" is recorded from the library of that name.
Needs: tokenizers, sentencepiece, protobuf. Usage: record.py SHARED_DATA
"""
import io
import json
import pathlib
import random
import sys

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                        trainers)

HERE = pathlib.Path(__file__).parent / "fixtures"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
          r"\s+(?!\S)|\s+")

TEXTS = [
    "", " ", "  ", "\t", "\n", "\r\n", "\n\n\n", " \n \t\r\n  x", "Hello world", " Hello  world ", "hello" * 8,
    "I've you're he'd WE'LL it'S 'tis don't o'clock ''re", "3.14159 1,234,567 1234567890 ²₃Ⅷ٣",
    "naïve café Ångström Ünïcode ÀÉÎÕÜ ß ẞ İstanbul ǅ", "e\u0301 a\u0323\u0302 \u1e69 s\u0323\u0307 \ufb01n ℌ Å",
    "日本語のテキスト、漢字。 中文字符 한국어 각", "Привет, мир! Ελληνικά Σίσυφος שלום عربى हिन्दी ไทย", "🦙🚀😀 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪",
    "a\u200bb\u200dc\u00adf\ufeffg", "nul\x00bel\x07esc\x1bdel\x7fnel\x85x", "a\u00a0b\u2003c\u3000d\u2028e\u180ef",
    "x" * 40, "=" * 33 + "\n" + "-" * 17, "    indented\n\t\ttabs\n        more", "end with spaces    ",
    "for (int i = 0; i < n; ++i) { a[i] += b[i] * 2; }", "https://example.org/a?b=c&d=%20#e", "CamelCase snake_case kebab-case",
    "\u2581already\u2581marked \u2581", "<0x41> <unk>", "\ufffd \U000e0001 \U0010fffd \ue000 \u0378", "…—“quotes”‘x’ «y» ¿qué?",
    "One day, a clever fox found a shiny key under the old oak tree.",
    "\u0915\u094d\u0937 \u0e01\u0e33 \u1100\u1161\u11a8", "a^b~c`d|e$f+g<h>i=j", "𝒳𝓎𝕫 𠀀𪚥 ⓐ①½",
]
SPECIAL = ["{0}", "a{0}b", " {0} ", "{0}{0}", "x {0}\n y {1} z", "{0}Hello{1}", "{0} {1}", "text ends {1}"]


def random_texts(count, seed):
    rng = random.Random(seed)
    pieces = list("abcdeXYZ019 .,!?'\n\t-_") + [" the", " and", "ing", "é", "ü", "日", "本", "😀", "\u0301", "  ", "'s", "▁",
                                                "\u200d", "\r\n", "Ж", "२", "\u00a0", "/", "🏽"]
    return ["".join(rng.choice(pieces) for _ in range(rng.randint(1, 24))) for _ in range(count)]


def record(tokenizer, texts):
    cases = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        tokenizer.encode_special_tokens = True
        literal = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = False
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        case = {"text": text, "ids": ids, "decoded": tokenizer.decode(ids)}
        everything = tokenizer.decode(ids, skip_special_tokens=False)
        if everything != case["decoded"]:
            case["everything"] = everything
        if plain != ids:
            case["plain"] = plain
        if literal != plain:
            case["literal"] = literal
        cases.append(case)
    return cases


def with_parts(tokenizer, parts):
    """The tokenizer with top-level parts of its JSON replaced."""
    document = json.loads(tokenizer.to_str())
    document.update(parts)
    return Tokenizer.from_str(json.dumps(document))


def write(name, tokenizer, specials, variants=(), keep=True, seed=1):
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    texts = TEXTS + [s.format(*specials) for s in SPECIAL] + random_texts(16, seed)
    out = {"cases": record(tokenizer, texts), "variants": []}
    # Of a variant: [index into the texts, ids].
    some = [i for i in range(4, len(texts)) if i not in (10, 16, 17)][::2]
    for parts in variants:
        variant = with_parts(tokenizer, parts)
        out["variants"].append({"parts": parts, "cases": [[i, variant.encode(texts[i]).ids] for i in some],
                                "decoded": [variant.decode(variant.encode(texts[i]).ids) for i in some[::4]]})
    dump = dict(ensure_ascii=False, separators=(",", ":"))
    (folder / "cases.json").write_text(json.dumps(out, **dump), encoding="utf-8")
    if keep:
        document = json.loads(tokenizer.to_str())
        (folder / "tokenizer.json").write_text(json.dumps(document, **dump), encoding="utf-8")


def split(pattern, behavior, invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def llama2(corpus):
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    # Trained on words, as SentencePiece does; encoding sees the text as one.
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=650, show_progress=False,
        special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)]))
    document = json.loads(tokenizer.to_str())
    document["pre_tokenizer"] = None
    document["added_tokens"] = [t for t in document["added_tokens"] if t["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(document))
    tokenizer.add_tokens([AddedToken("<user>", special=False, normalized=False),
                          AddedToken("fox", single_word=True, normalized=True), AddedToken("oak tree", normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    meta = {"type": "Metaspace", "replacement": "▁", "split": False}
    variants = [
        {"normalizer": None, "pre_tokenizer": dict(meta, prepend_scheme="first")},
        {"normalizer": None, "pre_tokenizer": dict(meta, prepend_scheme="always", split=True),
         "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}},
        {"normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "NFKC"}, {"type": "Lowercase"},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]}, "decoder": None},
    ]
    write("llama2", tokenizer, ["<s>", "</s>"], variants)


def byte_level(corpus, vocabulary, specials):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=vocabulary, show_progress=False, special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def llama3(corpus):
    specials = ["<|begin_of_text|>", "<|eot_id|>"]
    tokenizer = byte_level(corpus, 480, specials)
    document = json.loads(tokenizer.to_str())
    document["model"]["ignore_merges"] = True
    # A word of the vocabulary that no merges reach is found only because merges are ignored.
    document["model"]["vocab"]["Ġmarked"] = len(document["model"]["vocab"])
    tokenizer = Tokenizer.from_str(json.dumps(document))
    byte_step = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), byte_step])
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="$A $B", special_tokens=[("<|begin_of_text|>", 0)])])
    bytes_json = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    gpt2_json = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}

    def sequence(*steps):
        return {"pre_tokenizer": {"type": "Sequence", "pretokenizers": list(steps)}}
    variants = [
        {"pre_tokenizer": gpt2_json, "normalizer": {"type": "NFC"}},
        sequence({"type": "Digits", "individual_digits": True}, gpt2_json),
        sequence({"type": "Digits", "individual_digits": False}, split(r"\p{Lu}+", "MergedWithNext"), bytes_json),
        sequence(split(r"\s", "MergedWithPrevious"), split("a", "Contiguous", kind="String"), bytes_json),
        sequence({"type": "Punctuation", "behavior": "Contiguous"}, split(r"\w+", "Removed", invert=True), bytes_json),
        sequence({"type": "Whitespace"}, bytes_json),
        sequence({"type": "CharDelimiterSplit", "delimiter": "e"}, {"type": "WhitespaceSplit"}, bytes_json),
        dict(sequence(split(r"[^\s]|\d", "Isolated"), bytes_json), normalizer={"type": "Sequence", "normalizers": [
            {"type": "NFKD"}, {"type": "StripAccents"}]}),
    ]
    write("llama3", tokenizer, specials, variants, seed=3)


def story(corpus):
    tokenizer = byte_level(corpus, 400, ["<|endoftext|>"])
    tokenizer.add_special_tokens([AddedToken("<|pad|>", lstrip=True, rstrip=True)])
    write("story", tokenizer, ["<|endoftext|>", "<|pad|>"], seed=5)


def bert(corpus, name, lowercase):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(corpus, trainers.WordPieceTrainer(
        vocab_size=420, show_progress=False, special_tokens=specials, limit_alphabet=120))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    variants = [] if lowercase else [
        {"normalizer": {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False,
                        "strip_accents": True, "lowercase": False},
         "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}}]
    write(name, tokenizer, ["[MASK]", "[SEP]"], variants, seed=7)


def specs(normalizer):
    """Protobuf bytes which, appended to a model, replace flags of its normalizer by field number."""
    body = b"".join(bytes([field << 3, value]) for field, value in normalizer.items())
    return bytes([3 << 3 | 2, len(body)]) + body


def sentence_piece(corpus):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for line in corpus if "\0" not in line]), model_writer=model, vocab_size=450,
        model_type="bpe", byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
        character_coverage=0.99, user_defined_symbols=["<user>", "fox"], allow_whitespace_only_pieces=True,
        minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    # Pieces that only serve as a step: SentencePiece takes them apart again.
    for piece in [p for p in proto.pieces if p.type == 1 and len(p.piece) > 1][::5]:
        piece.type = 5
    proto.trainer_spec.ClearField("user_defined_symbols")
    data = proto.SerializeToString()
    # The same without byte fallback: what is not in the vocabulary is unknown.
    kept = [p for p in proto.pieces if p.type != 6]
    del proto.pieces[:]
    proto.pieces.extend(kept)
    proto.trainer_spec.byte_fallback = False
    folder = HERE / "sentencepiece"
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    texts = TEXTS + ["a<user>b fox foxes<user>", "\u2581fox"] + random_texts(16, 11)
    for name, data in (("tokenizer", data), ("unknown", proto.SerializeToString())):
        (folder / f"{name}.model").write_bytes(data)
        for patch in (b"", specs(normalizer={4: 1}), specs(normalizer={3: 0}), specs(normalizer={3: 0, 4: 1})):
            processor = sentencepiece.SentencePieceProcessor(model_proto=data + patch)
            full = name == "tokenizer" and not patch
            cases = []
            for text in texts if full else texts[:1] + texts[4::3]:
                ids = processor.encode(text)
                cases.append([text, ids, processor.decode(ids)] if full else [text, ids])
            out.append({"model": name, "patch": patch.hex(), "cases": cases})
    (folder / "cases.json").write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def main():
    shared = pathlib.Path(sys.argv[1])
    story_text = (shared / "text/tinystories_val_794KB.txt").read_text(encoding="utf-8")[:120_000].split("\n")
    corpus = story_text + TEXTS
    llama2(corpus)
    llama3(corpus)
    story(corpus)
    bert(corpus, "bert-lower", True)
    sentence_piece(corpus)
    bert(corpus, "bert-cased", False)
    gpt2 = Tokenizer.from_file(str(shared / "tokenizers/gpt2/tokenizer.json"))
    write("gpt2", gpt2, ["<|endoftext|>", "<|endoftext|>"], keep=False, seed=9)


if __name__ == "__main__":
    main()
