package tensor

import "github.com/hadal-go/hadal/internal/kernel"

// An averaging is what AvgPool2D does: it lies in the attribute of its linear map.
type averaging struct {
	*kernel.Pool
	padding bool // counts
}

// attributes returns how an operation computed, by words: sizes and axes as int or []int, numbers as Float, and as bool what was
// done or not. rank is that of the first input.
func (o *op) attributes(rank int) map[string]any {
	switch o.name {
	case "Affine", "Clamp", "LeakyReLU", "ELU", "Power":
		return map[string]any{"k": o.k, "c": o.c}
	case "Concat", "Split":
		return map[string]any{"axis": o.n[0]}
	case "Slice", "Pad":
		return map[string]any{"axis": o.n[0], "before": o.n[1]}
	case "MatMul", "MatMulT", "TMatMul":
		return map[string]any{"transposed": []int{o.n[0], o.n[1]}}
	}
	switch a := o.attr.(type) {
	case *kernel.Conv:
		return map[string]any{
			"strides": []int{a.StrideH, a.StrideW}, "dilations": []int{a.DilationH, a.DilationW}, "groups": a.Groups,
			"pads": []int{a.PadTop, a.PadLeft}, // before; what follows from the shapes is behind
		}
	case *kernel.Pool:
		return pooling(a)
	case *linearMap:
		if g, ok := a.attr.(averaging); ok {
			m := pooling(g.Pool)
			m["padding"] = g.padding
			return m
		}
	case *normalization:
		return map[string]any{
			"eps": a.eps, "relu": a.gate == ActReLU, "relu6": a.gate == ActReLU6, "fixed": a.fixed, "weight": a.weight, "bias": a.bias,
			"residual": a.residual, "mean": o.saved[0], "inverse": o.saved[1],
		}
	case *rowNormalization:
		return map[string]any{"eps": a.eps, "axes": a.axes, "weight": a.weight, "bias": a.bias}
	case *kernel.Attention:
		return map[string]any{"heads": a.Heads, "scale": a.Scale, "causal": a.Causal, "lengths": a.Lengths, "filled": a.S}
	case [maxRank]int32: // of Permute: where each axis goes
		axes := make([]int, rank)
		for from, to := range a[:rank] {
			axes[to] = from
		}
		return map[string]any{"axes": axes}
	}
	return nil
}

func pooling(g *kernel.Pool) map[string]any {
	return map[string]any{
		"kernel": []int{g.KH, g.KW}, "strides": []int{g.StrideH, g.StrideW}, "dilations": []int{max(1, g.DilationH), max(1, g.DilationW)},
		"pads": []int{g.PadTop, g.PadLeft, g.PadBottom, g.PadRight},
	}
}
