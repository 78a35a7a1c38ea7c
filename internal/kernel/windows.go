package kernel

// The kinds of windows.
const (
	sliding  = iota // of a size, a stride, padding and dilation
	adaptive        // that cover the axis in about equal parts
	nearest         // that an output of Nearest was read from: the axis is the output's, a window belongs to an input
)

// windows are the parts of one axis of length in, out of them.
type windows struct {
	kind                        int
	in, out                     int
	size, stride, pad, dilation int
	padEnd                      int
}

// at returns the o-th window: the positions lo, lo+step, … below hi.
func (w *windows) at(o int) (lo, hi, step int) {
	switch w.kind {
	case adaptive:
		return o * w.in / w.out, ((o+1)*w.in + w.out - 1) / w.out, 1
	case nearest:
		return nearestFirst(o, w.out, w.in), nearestFirst(o+1, w.out, w.in), 1
	}
	lo = o*w.stride - w.pad
	hi = min(lo+(w.size-1)*w.dilation+1, w.in)
	if lo < 0 {
		lo += (w.dilation - 1 - lo) / w.dilation * w.dilation
	}
	return lo, hi, w.dilation
}

// padded returns how many positions the o-th window has within the axis and its padding.
func (w *windows) padded(o int) int {
	lo := o*w.stride - w.pad
	return count(lo, min(lo+(w.size-1)*w.dilation+1, w.in+w.padEnd), w.dilation)
}

// full returns how many windows from the o-th on lie in the axis with all of their positions: 1 if the o-th does not.
func (w *windows) full(o int) int {
	lo := o*w.stride - w.pad
	if w.kind != sliding || lo < 0 {
		return 1
	}
	return max(1, min(w.out-o, (w.in-lo-(w.size-1)*w.dilation-1)/w.stride+1))
}

// tiled reports whether windows lie one behind another from the first position on.
func (w *windows) tiled() bool {
	return w.kind == sliding && w.stride == w.size && w.dilation == 1 && w.pad == 0
}

// over returns a range of windows, from … to, in which all are that hold position i.
func (w *windows) over(i int) (from, to int) {
	if w.kind == adaptive {
		return i * w.out / w.in, min(((i+1)*w.out+w.in-1)/w.in, w.out)
	}
	first := i + w.pad - (w.size-1)*w.dilation
	return (max(first, 0) + w.stride - 1) / w.stride, min((i+w.pad)/w.stride+1, w.out)
}

// count returns how many positions a window has.
func count(lo, hi, step int) int {
	if hi <= lo {
		return 0
	}
	return (hi-lo-1)/step + 1
}
