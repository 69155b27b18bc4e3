// RUN: lathe-opt %s --lathe-verify-program -split-input-file -verify-diagnostics

!s = !exec.slice<rows by 16 of f32, stride 64>

exec.program @cpu for "cpu" attributes {max_rows = 16 : i64, max_outputs = 4 : i64, arena_bytes = 2048 : i64} {
  exec.kernel @source over rows slices [unit, !s] states {} {
  ^bb0(%b: !lathe.batch):
    %0 = lathe.positions %b : tensor<?xi32>
    %1 = lathe.rope_table %0 {frequencies = array<f32: 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0>} : tensor<?xi32> -> tensor<?x16xf32>
    lathe.yield %1 : tensor<?x16xf32>
  }
  exec.entry @step {
    %a = exec.slice 1024 : !s
    exec.dispatch @source() -> %a : !s
    exec.result %a : !s
  }
}

// -----

// expected-error@+1 {{holds no program; run the lower phase}}
module {
}

// -----

// expected-error@+1 {{is left of the model level; run the lower phase}}
func.func @step(%batch: !lathe.batch) {
  return
}

// -----

!s = !exec.slice<rows by 16 of f32, stride 64>

exec.program @cpu for "cpu" attributes {max_rows = 16 : i64, max_outputs = 4 : i64, arena_bytes = 1024 : i64} {
  exec.entry @step {
    // expected-error@+1 {{reaches from byte 64 to 1088 of an arena of 1024}}
    %a = exec.slice 64 : !s
    exec.result %a : !s
  }
}

// -----

!s = !exec.slice<rows by 16 of f32, stride 64>

exec.program @cpu for "cpu" attributes {max_rows = 16 : i64, max_outputs = 4 : i64, arena_bytes = 4096 : i64} {
  exec.entry @step {
    // expected-error@+1 {{begins at byte 2, not at a multiple of 4}}
    %a = exec.slice 2 : !s
    exec.result %a : !s
  }
}

// -----

!s = !exec.slice<rows by 16 of f32, stride 64>

exec.program @cpu for "cpu" attributes {max_rows = 16 : i64, max_outputs = 4 : i64, arena_bytes = 4096 : i64} {
  exec.entry @step {
    %a = exec.slice 0 : !s
    // expected-error@+1 {{before any dispatch writes it}}
    exec.result %a : !s
  }
}

// -----

!s = !exec.slice<rows by 16 of f32, stride 64>

exec.program @cpu for "cpu" attributes {max_rows = 16 : i64, max_outputs = 4 : i64, arena_bytes = 4096 : i64} {
  exec.kernel @source over rows slices [unit, !s] states {} {
  ^bb0(%b: !lathe.batch):
    %0 = lathe.positions %b : tensor<?xi32>
    %1 = lathe.rope_table %0 {frequencies = array<f32: 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0>} : tensor<?xi32> -> tensor<?x16xf32>
    lathe.yield %1 : tensor<?x16xf32>
  }
  exec.entry @step {
    %a = exec.slice 0 : !s
    exec.dispatch @source() -> %a : !s
    %b = exec.slice 512 : !s
    exec.dispatch @source() -> %b : !s
    // expected-error@+1 {{at byte 0, last written as '!exec.slice<rows by 16 of f32, stride 64>' at byte 512}}
    exec.result %a : !s
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 16 : i64, max_outputs = 4 : i64, block_bytes = 64 : i64} {
  // expected-error@+1 {{of 4096 bytes at offset 0 does not fit 64 bytes}}
  exec.state @kv at 0 : !lathe.state<growing 2x1x8xf32>
}

// -----

!s = !exec.slice<rows by 16 of f32, stride 64>

exec.program @cpu for "cpu" attributes {max_rows = 16 : i64, max_outputs = 4 : i64} {
  exec.kernel @linear over rows slices [!s, unit, !s] states {} {
  ^bb0(%x: tensor<?x16xf32>, %m: !lathe.weight<16x16xf32>):
    // expected-error@+1 {{reads a matrix that is not packed; run lathe-pack-weights before lathe-form-dispatches}}
    %0 = lathe.linear %x, [%m] : tensor<?x16xf32>, [!lathe.weight<16x16xf32>] -> tensor<?x16xf32>
    lathe.yield %0 : tensor<?x16xf32>
  }
}
