#!/usr/bin/env python3
"""Held-out perplexity of an exported folder and stories by it, both by transformers in f32.

    evaluate.py --data TALES --model FOLDER [--threads 2] [--prompt TEXT …] [--seed 1]

Protocol: the held-out books of train.py, cleaned as for training; their stories in a fixed order, each after the end
token, one stream; cut into windows of 513 tokens that start at paragraphs; perplexity = exp of the mean negative
log-likelihood of the last 512 tokens of every window, each given what stands before it in its window.
"""
import argparse
import math
import pathlib
import random

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import train

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", type=pathlib.Path, required=True)
parser.add_argument("--model", type=pathlib.Path, required=True)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--prompt", nargs="*", default=["Once upon a time"])
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--length", type=int, default=220)
args = parser.parse_args()
torch.set_num_threads(args.threads)

tokenizer = AutoTokenizer.from_pretrained(args.model)
model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).eval()
books = [list(train.stories(args.data / f"{name}.txt")) for name in train.HELD_OUT]
windows = train.windows([train.encode(tokenizer._tokenizer, s) for book in books for s in book], random.Random(0))
total = characters = 0
with torch.no_grad():
    for window in windows:
        logits = model(window[None, :-1]).logits[0]
        total += torch.nn.functional.cross_entropy(logits, window[1:], reduction="sum").item()
        characters += len(tokenizer.decode(window[1:]))
tokens = len(windows) * train.CONTEXT
print(f"{tokens} tokens in {len(windows)} windows of {len(train.HELD_OUT)} books: {total / tokens:.4f} nats per token, "
      f"perplexity {math.exp(total / tokens):.3f}, {total / math.log(2) / characters:.4f} bits per character")

for number, prompt in enumerate(args.prompt):
    torch.manual_seed(args.seed + number)
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    story = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=args.length)
    print(f"---- seed {args.seed + number}\n{tokenizer.decode(story[0], skip_special_tokens=True)}")
