package tensor

import "github.com/hadal-go/hadal/internal/kernel"

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
	MACs            int // multiplications with an addition, of matrix products, convolutions and recurrent layers
}

// Operations returns what the pass recorded so far, in order.
func (p *Pass) Operations() []Operation {
	m := p.live("Operations")
	all := make([]Operation, len(m.ops))
	for i, o := range m.ops {
		all[i].Name = o.name
		for j, x := range m.operands[o.first : o.first+o.ins+o.outs] {
			if j < int(o.ins) {
				all[i].Inputs = append(all[i].Inputs, x.t)
			} else {
				all[i].Outputs = append(all[i].Outputs, x.t)
			}
		}
		all[i].MACs = macs(o, all[i])
	}
	return all
}

func macs(o op, f Operation) int {
	if g, ok := o.attr.(*kernel.Conv); ok {
		return g.N * g.OH * g.OW * g.OC * g.KH * g.KW * g.C / g.Groups
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
