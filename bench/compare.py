#!/usr/bin/env python3
"""Measure Lathe beside llama.cpp, OpenVINO or both on this machine, in one run.

    compare.py --lathe BIN --artifact FILE.lathe [--llama-bench BIN --gguf FILE.gguf] [--openvino FOLDER --python BIN]
               [--threads 2] [--prefill 512] [--decode 64] [--rounds 3] [--ceilings BIN] [--json]
               [--matmul-params 973e6]

Rates of one machine drift by a third within an hour, so they take turns (A B C A B C …), the machine's ceilings are
taken before and after, and what counts is the ratio and the share of the ceiling. README.md explains the columns.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def runJson(command):
    """The JSON that a command prints; what it says otherwise is shown when it fails."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n  exit code {done.returncode}\n{done.stderr[-2000:]}")
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.exit(f"{' '.join(map(str, command))}\n  printed no JSON:\n{done.stdout[-2000:]}")


def buildCeilings():
    compiler = next((c for c in ("clang-22", "clang", "cc") if shutil.which(c)), None)
    if compiler is None:
        sys.exit("no C compiler for ceilings.c: build it elsewhere and give --ceilings BIN")
    binary = pathlib.Path(tempfile.mkdtemp()) / "ceilings"
    subprocess.run([compiler, "-O3", "-march=native", "-pthread", HERE / "ceilings.c", "-o", binary], check=True)
    return binary


def llamaOnce(args):
    """Prefill and decode rates of llama-bench, each in its own test, as it does by default."""
    rows = runJson([args.llama_bench, "-m", args.gguf, "-t", args.threads, "-p", args.prefill, "-n", args.decode,
                    "-r", 1, "-o", "json"])
    rate = {"prefill" if row["n_prompt"] else "decode": row["avg_ts"] for row in rows}
    return dict(rate, weight_bytes=rows[0]["model_size"])


def openvinoOnce(args):
    """The same two tests by OpenVINO GenAI."""
    return runJson([args.python, HERE / "openvino_rates.py", args.openvino, args.prefill, args.decode, args.threads])


def latheOnce(args):
    """The same two tests by `lathe bench --json`."""
    out = runJson([args.lathe, "bench", args.artifact, "--threads", args.threads, "--prefill", args.prefill,
                   "--decode", args.decode, "--json"])
    prefill = next(row for row in out["prefill"] if row["tokens"] == args.prefill)
    decode = min((row for row in out["decode"] if row["tokens"] == args.decode), key=lambda row: row["context"])
    return dict(prefill=prefill["tokens_per_second"], decode=decode["tokens_per_second"],
                weight_bytes=out["weight_bytes"], variant=out["variant"])


def sidesOf(args):
    """What takes turns: a name and a function each, Lathe last."""
    sides = {}
    if args.gguf:
        sides["llama.cpp"] = llamaOnce
    if args.openvino:
        sides["OpenVINO"] = openvinoOnce
    return dict(sides, lathe=latheOnce)


def instructionSets():
    flags = set()
    for line in open("/proc/cpuinfo"):
        if line.startswith("flags"):
            flags = set(line.split())
            break
    wanted = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
    return [name for name in wanted if name in flags]


def summarize(rounds, before, after, matmulParams):
    """Medians of the rounds; shares of the better of the two ceilings."""
    ceiling = {name: max(before[name], after[name]) for name in before if name in after and name != "threads"}
    result = {}
    for side in rounds[0]:
        runs = [one[side] for one in rounds]
        row = {test: statistics.median(run[test] for run in runs) for test in ("prefill", "decode")}
        row["spread"] = {test: [min(run[test] for run in runs), max(run[test] for run in runs)]
                         for test in ("prefill", "decode")}
        row["weight_bytes"] = runs[0]["weight_bytes"]
        row["read_share"] = row["decode"] * row["weight_bytes"] / (ceiling["read_GB"] * 1e9)
        multiply = max(ceiling.get(name, 0) for name in ("f32_TFLOP", "int8_TOP", "amx-int8_TOP"))
        row["multiply_share"] = 2 * matmulParams * row["prefill"] / (multiply * 1e12) if matmulParams else None
        result[side] = row
    result["lathe"]["variant"] = rounds[0]["lathe"]["variant"]
    ratio = {peer: {test: statistics.median(one["lathe"][test] / one[peer][test] for one in rounds)
                    for test in ("prefill", "decode")} for peer in rounds[0] if peer != "lathe"}
    return dict(ratio=ratio, ceilings=ceiling, cpu=instructionSets(), sides=result)


def table(summary, args):
    lines = [f"prompt of {args.prefill} / {args.decode} new, {args.threads} threads, {args.rounds} rounds, "
             f"CPU: {' '.join(summary['cpu'])}",
             "ceilings: " + ", ".join(f"{k.replace('_', ' ')}/s {v:.2f}" for k, v in summary["ceilings"].items()), "",
             f"| {'':22} | {'weights':>9} | {'prefill tok/s':>21} | of multiply | {'decode tok/s':>20} | of read |",
             f"|{'-' * 24}|{'-' * 11}|{'-' * 23}|{'-' * 13}|{'-' * 22}|{'-' * 9}|"]
    for side, row in summary["sides"].items():
        name = f"lathe ({row['variant']})" if side == "lathe" else side
        rates = [f"{row[t]:.1f} ({row['spread'][t][0]:.1f}–{row['spread'][t][1]:.1f})" for t in ("prefill", "decode")]
        multiply = "" if row["multiply_share"] is None else f"{row['multiply_share']:.0%}"
        lines.append(f"| {name:22} | {row['weight_bytes'] / 1e6:6.0f} MB | {rates[0]:>21} | {multiply:>11} "
                     f"| {rates[1]:>20} | {row['read_share']:>7.0%} |")
    for peer, ratio in summary["ratio"].items():
        lines.append(f"| {'ratio to ' + peer:22} | {'':9} | {ratio['prefill']:>21.2f} | {'':11} "
                     f"| {ratio['decode']:>20.2f} | {'':7} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-bench")
    parser.add_argument("--gguf", help="the model for llama.cpp")
    parser.add_argument("--openvino", help="the model's folder for OpenVINO GenAI")
    parser.add_argument("--python", default=sys.executable, help="a Python with openvino-genai")
    parser.add_argument("--lathe", required=True, help="the lathe binary")
    parser.add_argument("--artifact", required=True, help="what lathe compile made of the same model")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--matmul-params", type=float, help="parameters that multiply each token (for the share of the "
                        "multiply ceiling): llama-1b 973e6, smollm-135m 106e6")
    parser.add_argument("--ceilings", help="a built ceilings.c; built here when absent")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if bool(args.gguf) != bool(args.llama_bench) or not (args.gguf or args.openvino):
        parser.error("name a peer: --llama-bench BIN --gguf FILE, --openvino FOLDER, or all of them")

    ceilings = args.ceilings or buildCeilings()
    before = runJson([ceilings, args.threads, "--json"])
    rounds = []
    for number in range(args.rounds):
        one = {side: measure(args) for side, measure in sidesOf(args).items()}
        rounds.append(one)
        print(f"round {number + 1}: " + ", ".join(
            f"{side} {rates['prefill']:.1f} / {rates['decode']:.1f}" for side, rates in one.items()), file=sys.stderr)
    after = runJson([ceilings, args.threads, "--json"])
    summary = summarize(rounds, before, after, args.matmul_params)
    print(json.dumps(summary, indent=2) if args.json else table(summary, args))


if __name__ == "__main__":
    main()
