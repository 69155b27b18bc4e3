#!/usr/bin/env python3
"""Prefill and decode rates of a model folder of OpenVINO GenAI, as JSON: openvino_rates.py FOLDER PROMPT NEW THREADS

Needs a Python with openvino-genai; compare.py calls it. The pipeline reuses a prefix that it has seen, so the warm-up
has a prompt of its own.
"""
import json
import pathlib
import sys

import numpy
import openvino
import openvino_genai

folder, prompt, new, threads = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:5])
pipeline = openvino_genai.LLMPipeline(str(folder), "CPU", INFERENCE_NUM_THREADS=threads)
config = openvino_genai.GenerationConfig(max_new_tokens=new, ignore_eos=True, do_sample=False)
mask = openvino.Tensor(numpy.ones((1, prompt), dtype=numpy.int64))
for seed in range(2):
    ids = openvino.Tensor(numpy.random.default_rng(seed).integers(100, 20000, (1, prompt)))
    metrics = pipeline.generate(openvino_genai.TokenizedInputs(ids, mask), config).perf_metrics
print(json.dumps(dict(prefill=prompt / metrics.get_ttft().mean * 1e3, decode=1e3 / metrics.get_tpot().mean,
                      weight_bytes=(folder / "openvino_model.bin").stat().st_size)))
