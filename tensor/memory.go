package tensor

import (
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
)

// memory is what a pass works in and hands on, warm, to the next one: float memory, the tape, and scratch of Grad.
type memory struct {
	slabs    [][]Float // the free end of slabs[slab] begins at offset
	slab     int
	offset   int
	free     [48][][]Float // memory given back, by size class
	blocks   []block       // of this pass; block 0 stands for memory of no pass
	indices  []int32       // positions saved by pooling and gathering
	used     int           // of indices
	ops      []op          // the tape
	operands []operand     // of the ops, inputs before outputs
	leaves   map[*Tensor]int32
	ids      int32
	headers  []Tensor // the rest of a chunk; never recycled
	scratch  scratch
	floats   int // of all slabs
}

// A block is a piece of memory with the number of gradients that live in it.
type block struct {
	mem   []Float
	class int8
	refs  int32
	freed bool
}

// idle memory is kept for the next pass: at most maxIdle pieces and maxIdleFloats numbers.
const (
	maxIdle       = 8
	maxIdleFloats = 1 << 29
	slabFloats    = 1 << 18
	headerChunk   = 64
)

var idle struct {
	sync.Mutex
	list   []*memory
	floats int
}

var poison atomic.Bool

// Poison makes every pass fill fresh and freed memory with NaN, so that a use of either shows. It is meant for tests.
func Poison(on bool) { poison.Store(on) }

func poisoned(mem []Float) {
	if poison.Load() {
		for i := range mem {
			mem[i] = Float(math.NaN())
		}
	}
}

func takeMemory() *memory {
	idle.Lock()
	defer idle.Unlock()
	n := len(idle.list)
	if n == 0 {
		return &memory{leaves: map[*Tensor]int32{}, blocks: make([]block, 1, 64)}
	}
	m := idle.list[n-1]
	idle.list = idle.list[:n-1]
	idle.floats -= m.floats
	return m
}

// giveMemory resets m and keeps it for the next pass.
func giveMemory(m *memory) {
	for i, s := range m.slabs[:min(m.slab+1, len(m.slabs))] { // the rest was not touched in this pass
		if i == m.slab {
			s = s[:m.offset]
		}
		poisoned(s)
	}
	if len(m.slabs) > 1 { // one slab from now on
		m.slabs = [][]Float{make([]Float, m.floats)}
	}
	for i := range m.free {
		clear(m.free[i])
		m.free[i] = m.free[i][:0]
	}
	clear(m.blocks)
	m.blocks = m.blocks[:1]
	clear(m.ops)
	m.ops = m.ops[:0]
	clear(m.operands)
	m.operands = m.operands[:0]
	clear(m.leaves)
	m.scratch.clear()
	m.slab, m.offset, m.used, m.ids = 0, 0, 0, 0

	idle.Lock()
	defer idle.Unlock()
	if len(idle.list) < maxIdle && idle.floats+m.floats <= maxIdleFloats {
		idle.list = append(idle.list, m)
		idle.floats += m.floats
	}
}

func (m *memory) header() *Tensor {
	if len(m.headers) == 0 {
		m.headers = make([]Tensor, headerChunk)
	}
	t := &m.headers[0]
	m.headers = m.headers[1:]
	return t
}

// class rounds a length up to one of four steps per power of two, in whole cache lines.
func class(n int) (class int8, rounded int) {
	n = max(16, n)
	step := max(16, 1<<(bits.Len(uint(n-1))-3))
	rounded = (n + step - 1) / step * step
	return int8(bits.Len(uint(rounded - 1))), rounded
}

// alloc returns n numbers, not cleared, and the block they are in. What was freed last is taken first: it is warm.
func (m *memory) alloc(n int) ([]Float, int32) {
	c, r := class(n)
	var mem []Float
	list := m.free[c]
	for i := len(list) - 1; i >= max(0, len(list)-4); i-- {
		if len(list[i]) >= r {
			mem = list[i]
			m.free[c] = slices.Delete(list, i, i+1)
			break
		}
	}
	if mem == nil {
		mem = m.carve(r)
	}
	poisoned(mem)
	m.blocks = append(m.blocks, block{mem: mem, class: c})
	return mem[:n:n], int32(len(m.blocks) - 1)
}

// carve cuts n numbers off the slabs.
func (m *memory) carve(n int) []Float {
	for m.slab < len(m.slabs) && m.offset+n > len(m.slabs[m.slab]) {
		m.slab, m.offset = m.slab+1, 0
	}
	if m.slab == len(m.slabs) {
		s := make([]Float, max(n, slabFloats))
		m.slabs, m.floats = append(m.slabs, s), m.floats+len(s)
	}
	mem := m.slabs[m.slab][m.offset : m.offset+n : m.offset+n]
	m.offset += n
	return mem
}

// release gives the memory of a block back to the pass.
func (m *memory) release(i int32) {
	b := &m.blocks[i]
	if i == 0 || b.freed {
		return
	}
	poisoned(b.mem)
	m.free[b.class] = append(m.free[b.class], b.mem)
	b.mem, b.freed = nil, true
}

// positions returns room for n saved positions, which lasts as long as the pass.
func (m *memory) positions(n int) []int32 {
	if m.used+n > len(m.indices) {
		m.indices, m.used = make([]int32, max(2*len(m.indices), n, 1024)), 0
	}
	p := m.indices[m.used : m.used+n : m.used+n]
	m.used += n
	return p
}
