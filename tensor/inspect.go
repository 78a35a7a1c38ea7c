package tensor

import (
	"time"

	"github.com/hadal-go/hadal/internal/kernel"
)

// SetThreads sets how many threads work on one operation. Results do not depend on it. The default is GOMAXPROCS.
func SetThreads(n int) { kernel.SetThreads(n) }

// Threads returns how many threads work on one operation.
func Threads() int { return kernel.Threads() }

// Kernels names the loops that this machine runs: avx2, or generic.
func Kernels() string { return kernel.Name() }

// Bytes returns how much float memory the pass has taken so far.
func (p *Pass) Bytes() int {
	m := p.live("Bytes")
	n := m.offset
	for _, s := range m.slabs[:min(m.slab, len(m.slabs))] {
		n += len(s)
	}
	return n * kernel.FloatBytes
}

// An Operation is one entry of what a pass recorded, for those who look at a network.
type Operation struct {
	Name            string
	Inputs, Outputs []*Tensor
	MACs            int // multiplications with an addition, of matrix products, convolutions, recurrent layers and attention

	// How it computed, by words: strides, pads, axis, eps … The values are int, []int, Float, bool or *Tensor; nil where nothing is to
	// be said.
	Attributes map[string]any

	Forward, Backward time.Duration // how long it took, and its derivatives in Grad; 0 unless the pass is profiled
}

// A profile is how long each operation of a pass took. A nil profile notes nothing.
type profile struct {
	last  time.Time // when what is timed began
	times []struct{ forward, backward time.Duration }
}

// Profile has the pass note from here on how long each operation takes, see Operations. What is computed between two operations
// counts for the later one.
func (p *Pass) Profile() {
	p.live("Profile")
	p.profile = &profile{last: time.Now()}
}

// forward notes that operation number i was recorded.
func (f *profile) forward(i int) {
	if f == nil {
		return
	}
	for len(f.times) <= i {
		f.times = append(f.times, struct{ forward, backward time.Duration }{})
	}
	now := time.Now()
	f.times[i].forward, f.last = now.Sub(f.last), now
}

// begin notes that the derivatives of an operation begin, backward that those of number i are done.
func (f *profile) begin() {
	if f != nil {
		f.last = time.Now()
	}
}

func (f *profile) backward(i int) {
	if f == nil || i >= len(f.times) {
		return
	}
	now := time.Now()
	f.times[i].backward += now.Sub(f.last)
	f.last = now
}

// Operations returns what the pass recorded so far, in order.
func (p *Pass) Operations() []Operation {
	m := p.live("Operations")
	all := make([]Operation, len(m.ops))
	for i, o := range m.ops {
		all[i].Name = o.name
		if p.profile != nil && i < len(p.profile.times) {
			all[i].Forward, all[i].Backward = p.profile.times[i].forward, p.profile.times[i].backward
		}
		for j, x := range m.operands[o.first : o.first+o.ins+o.outs] {
			if j < int(o.ins) {
				all[i].Inputs = append(all[i].Inputs, x.t)
			} else {
				all[i].Outputs = append(all[i].Outputs, x.t)
			}
		}
		all[i].MACs = macs(o, all[i])
		all[i].Attributes = o.attributes(all[i].Inputs[0].Rank())
	}
	return all
}

func macs(o op, f Operation) int {
	if g, ok := o.attr.(*kernel.Conv); ok {
		return g.N * g.OH * g.OW * g.OC * g.KH * g.KW * g.C / g.Groups
	}
	if a, ok := o.attr.(*kernel.Attention); ok {
		return a.N * a.Heads * a.T * a.S * (a.D + a.E)
	}
	if r, ok := o.attr.(*recurrence); ok {
		return r.N * r.T * (f.Inputs[r.ih].Len() + f.Inputs[r.hh].Len())
	}
	switch o.name {
	case "MatMul", "MatMulT", "TMatMul":
		_, k := matrix(f.Inputs[0], o.n[0] == 1)
		return f.Outputs[0].Len() * k
	case "Linear", "LinearReLU":
		return f.Outputs[0].Len() * f.Inputs[1].Dim(1)
	}
	return 0
}
