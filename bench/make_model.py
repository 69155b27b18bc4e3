#!/usr/bin/env python3
"""Write a Hugging Face folder of a real model's shape with random bf16 weights.

    make_model.py SHAPE OUT --tokenizer FILE        SHAPE: llama-1b smollm-135m

FILE is GPT-2's tokenizer.json, which the converters of the peers know. Needs torch and transformers. For speed and
memory only: the text means nothing.
"""
import argparse

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SHAPES = {
    "llama-1b": dict(hidden_size=2048, intermediate_size=8192, num_hidden_layers=16,
                     num_attention_heads=32, num_key_value_heads=8, head_dim=64, vocab_size=128256, rope_theta=5e5),
    "smollm-135m": dict(hidden_size=576, intermediate_size=1536, num_hidden_layers=30,
                        num_attention_heads=9, num_key_value_heads=3, vocab_size=50304, rope_theta=1e5),
}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("shape", choices=SHAPES)
parser.add_argument("out")
parser.add_argument("--tokenizer", required=True)
args = parser.parse_args()

torch.manual_seed(0)
torch.set_default_dtype(torch.bfloat16)
config = LlamaConfig(**SHAPES[args.shape], tie_word_embeddings=True, max_position_embeddings=8192, rms_norm_eps=1e-5,
                     bos_token_id=50256, eos_token_id=50256)
LlamaForCausalLM(config).save_pretrained(args.out)
PreTrainedTokenizerFast(tokenizer_file=args.tokenizer, bos_token="<|endoftext|>",
                        eos_token="<|endoftext|>").save_pretrained(args.out)
