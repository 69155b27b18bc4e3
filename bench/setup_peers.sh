#!/usr/bin/env bash
# Set up what Lathe is measured beside: llama.cpp built for this machine, and models of real shapes as a Hugging Face
# folder and as GGUF. About 20 minutes on two cores, 12 GB of disk.
#
#   TOKENIZER=gpt2/tokenizer.json bench/setup_peers.sh DIR [SHAPE…]       SHAPE: llama-1b smollm-135m (default: both)
#
# Needs cmake, a C++ compiler, python3 with venv, GPT-2's tokenizer.json, and a Python with torch and transformers:
# $PYTHON, or one that this script installs into DIR/venv. What is there already is kept.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[[ $# -ge 1 && -n ${TOKENIZER:-} ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
tokenizer=$(realpath "$TOKENIZER")
mkdir -p "$1"
cd "$1"
dir=$PWD
shift
shapes=("$@")
[[ ${#shapes[@]} -gt 0 ]] || shapes=(llama-1b smollm-135m)

if [[ -z ${PYTHON:-} ]]; then
  [[ -x venv/bin/python ]] || python3 -m venv venv
  venv/bin/pip install -q torch transformers sentencepiece protobuf
  PYTHON=$dir/venv/bin/python
fi

# llama-cpp-python's source distribution carries llama.cpp.
if [[ ! -e llama.cpp ]]; then
  [[ -x download/bin/pip ]] || python3 -m venv download
  download/bin/pip download -q --no-deps --no-binary :all: llama-cpp-python
  tar xzf llama_cpp_python-*.tar.gz
  ln -sfn llama_cpp_python-*/vendor/llama.cpp llama.cpp
fi
if [[ ! -x build/bin/llama-perplexity ]]; then
  # Unix Makefiles: the build file names a git index that the distribution lacks, on which ninja gives up.
  cmake -G "Unix Makefiles" -S llama.cpp -B build -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DGGML_CUDA=OFF \
    -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF \
    -DBUILD_SHARED_LIBS=OFF > configure.log
  nice make -C build -j"$(nproc)" llama-bench llama-quantize llama-perplexity > build.log
fi

mkdir -p models
for shape in "${shapes[@]}"; do
  [[ -e models/$shape/config.json ]] || "$PYTHON" "$here/make_model.py" "$shape" "models/$shape" --tokenizer "$tokenizer"
  gguf=models/$shape-f16.gguf
  [[ -e $gguf ]] || PYTHONPATH=llama.cpp/gguf-py "$PYTHON" llama.cpp/convert_hf_to_gguf.py \
    "models/$shape" --outtype f16 --outfile "$gguf"
  for type in Q4_0 Q8_0; do
    out=models/$shape-${type,,}.gguf
    [[ -e $out ]] && continue
    echo "llama-quantize $shape $type"
    time build/bin/llama-quantize "$gguf" "$out" "$type" "$(nproc)" > "$out.log" 2>&1
  done
done
cat > peers.env <<EOF
LLAMA_BENCH=$dir/build/bin/llama-bench
LLAMA_QUANTIZE=$dir/build/bin/llama-quantize
PEER_MODELS=$dir/models
EOF
echo "ready: $dir/peers.env"
