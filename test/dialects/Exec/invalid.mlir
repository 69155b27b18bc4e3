// Every constraint of the program level.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  // expected-error@+1 {{(C1) yields one value of '!lathe.weight<8x8xf32>'}}
  exec.weight @w : !lathe.weight<8x8xf32> {
    %0 = lathe.param "w" from "model" : !lathe.weight<8x4xf32>
    lathe.yield %0 : !lathe.weight<8x4xf32>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  // expected-error@+1 {{has 2 arguments and results, but 1 entries in slices}}
  exec.kernel @k over rows slices [!exec.slice<rows by 8 of f32, stride 32>] states {} {
  ^bb0(%x: tensor<?x8xf32>):
    lathe.yield %x : tensor<?x8xf32>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  // expected-error@+1 {{slices give a slice type for each tensor and unit for anything else, not unit for 'tensor<?x8xf32>'}}
  exec.kernel @k over rows slices [!exec.slice<rows by 8 of f32, stride 32>, unit] states {} {
  ^bb0(%x: tensor<?x8xf32>):
    lathe.yield %x : tensor<?x8xf32>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  // expected-error@+1 {{state "kv" does not name an argument that is a state}}
  exec.kernel @k over rows slices [!exec.slice<rows by 8 of f32, stride 32>] states {kv = 0 : i64} {
  ^bb0(%x: tensor<?x8xf32>):
    lathe.yield
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  exec.kernel @k over rows slices [unit, !exec.slice<rows by 8 of f32, stride 32>] states {} {
  ^bb0(%batch: !lathe.batch, %x: tensor<?x8xf32>):
    // expected-error@+1 {{refers to @kv, which the kernel does not bind}}
    lathe.cache_write %x, %x, %batch into @kv : tensor<?x8xf32>, tensor<?x8xf32>
    lathe.yield
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  // expected-error@+1 {{ends in exec.result}}
  exec.entry @step {
    %x = exec.slice 0 : !exec.slice<rows by 8 of f32, stride 32>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  exec.entry @step {
    %x = exec.slice 0 : !exec.slice<rows by 8 of f32, stride 32>
    // expected-error@+1 {{(C1) no kernel @k}}
    exec.dispatch @k(%x : !exec.slice<rows by 8 of f32, stride 32>)
    exec.result %x : !exec.slice<rows by 8 of f32, stride 32>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  exec.kernel @k over rows slices [!exec.slice<rows by 8 of f32, stride 32>] states {} {
  ^bb0(%x: tensor<?x8xf32>):
    lathe.yield
  }
  exec.entry @step {
    %x = exec.slice 0 : !exec.slice<rows by 8 of f32, stride 64>
    // expected-error@+1 {{(C2) input 0 is '!exec.slice<rows by 8 of f32, stride 64>', the kernel takes '!exec.slice<rows by 8 of f32, stride 32>'}}
    exec.dispatch @k(%x : !exec.slice<rows by 8 of f32, stride 64>)
    exec.result %x : !exec.slice<rows by 8 of f32, stride 64>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  exec.kernel @k over rows slices [!exec.slice<rows by 8 of f32, stride 32>] states {} {
  ^bb0(%x: tensor<?x8xf32>):
    lathe.yield
  }
  exec.entry @step {
    %x = exec.slice 0 : !exec.slice<rows by 8 of f32, stride 32>
    // expected-error@+1 {{(C2) passes too few inputs to @k}}
    exec.dispatch @k()
    exec.result %x : !exec.slice<rows by 8 of f32, stride 32>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  exec.kernel @k over rows slices [!exec.slice<rows by 8 of f32, stride 32>] states {} {
  ^bb0(%x: tensor<?x8xf32>):
    lathe.yield
  }
  exec.entry @step {
    %x = exec.slice 0 : !exec.slice<rows by 8 of f32, stride 32>
    // expected-error@+1 {{(C2) passes too many inputs to @k}}
    exec.dispatch @k(%x, %x : !exec.slice<rows by 8 of f32, stride 32>, !exec.slice<rows by 8 of f32, stride 32>)
    exec.result %x : !exec.slice<rows by 8 of f32, stride 32>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  exec.kernel @k over rows slices [!exec.slice<rows by 8 of f32, stride 32>] states {} {
  ^bb0(%x: tensor<?x8xf32>):
    lathe.yield
  }
  exec.entry @step {
    %x = exec.slice 0 : !exec.slice<rows by 8 of f32, stride 32>
    // expected-error@+1 {{(C2) the kernel has 0 results}}
    exec.dispatch @k(%x : !exec.slice<rows by 8 of f32, stride 32>) -> %x : !exec.slice<rows by 8 of f32, stride 32>
    exec.result %x : !exec.slice<rows by 8 of f32, stride 32>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  exec.kernel @k over rows slices [!exec.slice<rows by 8 of f32, stride 32>, !exec.slice<rows by 8 of f32, stride 32>] states {} {
  ^bb0(%x: tensor<?x8xf32>):
    lathe.yield %x : tensor<?x8xf32>
  }
  exec.entry @step {
    %x = exec.slice 0 : !exec.slice<rows by 8 of f32, stride 32>
    %y = exec.slice 64 : !exec.slice<rows by 8 of f32, stride 64>
    // expected-error@+1 {{(C2) output is '!exec.slice<rows by 8 of f32, stride 64>', the kernel gives !exec.slice<rows by 8 of f32, stride 32>}}
    exec.dispatch @k(%x : !exec.slice<rows by 8 of f32, stride 32>) -> %y : !exec.slice<rows by 8 of f32, stride 64>
    exec.result %y : !exec.slice<rows by 8 of f32, stride 64>
  }
}

// -----

// expected-error@+1 {{expected rows, outputs or sequences}}
func.func private @domain(!exec.slice<tokens by 8 of f32, stride 32>)

// -----

// expected-error@+1 {{a slice has at least one column}}
func.func private @columns(!exec.slice<rows by 0 of f32, stride 32>)

// -----

// expected-error@+1 {{a slice holds integers or floats, not 'index'}}
func.func private @element(!exec.slice<rows by 8 of index, stride 32>)

// -----

// expected-error@+1 {{rows of 32 bytes overlap at a stride of 16}}
func.func private @stride(!exec.slice<rows by 8 of f32, stride 16>)

// -----

// expected-error@+1 {{quantized rows are i8, at an odd multiple of 64 bytes}}
func.func private @quantized(!exec.slice<rows by 8 of i8, stride 128, group 8>)

// -----

exec.program @cpu for "cpu" attributes {max_rows = 4 : i64, max_outputs = 1 : i64} {
  exec.entry @draw {
    %x = exec.slice 0 : !exec.slice<rows by 8 of f32, stride 32>
    %y = exec.slice 128 : !exec.slice<outputs by 7 of f32, stride 28>
    // expected-error@+1 {{need to be f32 rows of one domain}}
    exec.result %y of %x : !exec.slice<outputs by 7 of f32, stride 28>, !exec.slice<rows by 8 of f32, stride 32>
  }
}
