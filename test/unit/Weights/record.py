#!/usr/bin/env python3
"""Records how PyTorch rounds f32 to narrower floats: fixtures/rounding.txt, "type f32-bits bits value-bits" a line.

    python test/unit/Weights/record.py
"""
import pathlib

import torch

TYPES = {"f16": (torch.float16, torch.int16), "bf16": (torch.bfloat16, torch.int16),
         "f8E4M3FN": (torch.float8_e4m3fn, torch.uint8), "f8E5M2": (torch.float8_e5m2, torch.uint8)}


def samples(dtype):
    generator = torch.Generator().manual_seed(7)
    limit = 448 if dtype == torch.float8_e4m3fn else 57344 if dtype == torch.float8_e5m2 else 65504
    spread = torch.randn(120, generator=generator) * torch.exp(torch.randn(120, generator=generator) * 4)
    tiny = torch.randn(40, generator=generator) * torch.finfo(dtype).tiny
    return torch.cat([spread, tiny]).clamp(-limit, limit)


lines = []
for name, (dtype, bits) in TYPES.items():
    for value in samples(dtype):
        stored = value.to(dtype)
        mask = 0xFF if bits == torch.uint8 else 0xFFFF
        back = stored.to(torch.float32)
        lines.append(f"{name} {value.view(torch.int32).item() & 0xFFFFFFFF:08x} {stored.view(bits).item() & mask:04x} "
                     f"{back.view(torch.int32).item() & 0xFFFFFFFF:08x}")
# What each code stands for.
for name in ("f8E4M3FN", "f8E5M2"):
    codes = torch.arange(256, dtype=torch.uint8)
    for code, value in zip(codes, codes.view(TYPES[name][0]).to(torch.float32)):
        lines.append(f"{name}-value 00000000 {code.item():04x} {value.view(torch.int32).item() & 0xFFFFFFFF:08x}")
(pathlib.Path(__file__).parent / "fixtures" / "rounding.txt").write_text("\n".join(lines) + "\n")
