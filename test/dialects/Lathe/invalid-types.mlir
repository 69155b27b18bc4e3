// What is no type, or no encoding.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{a weight is a vector or a matrix}}
func.func private @rank(!lathe.weight<2x2x2xf32>)

// -----

// expected-error@+1 {{a weight's extents lie between 1 and 2^31}}
func.func private @empty(!lathe.weight<0x2xf32>)

// -----

// expected-error@+1 {{a weight's extents lie between 1 and 2^31}}
func.func private @huge(!lathe.weight<4294967296xf32>)

// -----

// expected-error@+1 {{only a matrix has panels, of a positive number of rows}}
func.func private @panel(!lathe.weight<8xf32, panel 64>)

// -----

// expected-error@+1 {{expected a float type or an encoding in < >}}
func.func private @plain(!lathe.weight<8xi8>)

// -----

// expected-error@+1 {{integer codes must be si1..si8 or ui1..ui8, not 'i4'}}
func.func private @signless(!lathe.weight<8x8x<i4, block 1x0, scale <f32>>>)

// -----

// expected-error@+1 {{integer codes must be si1..si8 or ui1..ui8, not 'si16'}}
func.func private @wide(!lathe.weight<8x8x<si16, block 1x0, scale <f32>>>)

// -----

// expected-error@+1 {{codes must be an integer with a sign or a float, not 'index'}}
func.func private @index(!lathe.weight<8x8x<index>>)

// -----

// expected-error@+1 {{a table needs unsigned codes and one entry for each of them}}
func.func private @table(!lathe.weight<8x8x<ui2, table [0.0, 1.0, 2.0]>>)

// -----

// expected-error@+1 {{a block shape is given exactly where there is a scale or an offset}}
func.func private @block(!lathe.weight<8x8x<si8, block 1x4>>)

// -----

// expected-error@+1 {{a block shape is given exactly where there is a scale or an offset}}
func.func private @no_block(!lathe.weight<8x8x<si8, scale <f32>>>)

// -----

// expected-error@+1 {{a block has two extents}}
func.func private @block_rank(!lathe.weight<8x8x<si8, block 4, scale <f32>>>)

// -----

// expected-error@+1 {{a block of one element stores a scale for every code}}
func.func private @tiny_block(!lathe.weight<8x8x<si8, block 1x1, scale <f32>>>)

// -----

// expected-error@+1 {{a bitmap needs codes of at least 8 bits where they are floats}}
func.func private @bitmap(!lathe.weight<8x8x<f4E2M1FN, block 1x4, scale <f32>, bitmap>>)

// -----

// expected-error@+1 {{expected block, scale, offset, table or bitmap}}
func.func private @unknown(!lathe.weight<8x8x<si8, zero 1>>)

// -----

// expected-error@+1 {{a group has at least one column}}
func.func private @group(tensor<?x8xi8, #lathe.quantized_rows<0>>)

// -----

// expected-error@+1 {{expected growing or fixed}}
lathe.state @s : !lathe.state<shrinking 8xf32>

// -----

// expected-error@+1 {{a state holds floats, not 'i8'}}
lathe.state @s : !lathe.state<fixed 8xi8>

// -----

// expected-error@+1 {{a state has a shape}}
lathe.state @s : !lathe.state<fixed f32>

// -----

// expected-error@+1 {{a state's extents are positive}}
lathe.state @s : !lathe.state<growing 2x0x4xf32>
