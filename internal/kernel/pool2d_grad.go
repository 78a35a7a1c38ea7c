package kernel

// maxGradRow and averageGradRow are the adjoints of maxRow and averageRow for one row of x: every window that holds a pixel gives it
// its share, in their order.
func maxGradRow(t *poolJob, row int) { t.gradRow(row, true) }

func averageGradRow(t *poolJob, row int) { t.gradRow(row, false) }

func (t *poolJob) gradRow(row int, greatest bool) {
	image, i := row/t.h.in*t.h.out, row%t.h.in
	x := t.x[row*t.w.in*t.c:][:t.w.in*t.c]
	empty := true // nothing has been given to the row
	tiled := t.w.tiled()
	from, to := t.h.over(i)
	for o := from; o < to; o++ {
		fromH, toH, stepH := t.h.at(o)
		if i < fromH || i >= toH || (i-fromH)%stepH != 0 {
			continue
		}
		if empty {
			kept := 0
			if tiled { // the windows need not find zeros
				kept = min(t.w.out*t.w.size*t.c, len(x))
			}
			clear(x[kept:])
		}
		put := tiled && empty
		empty = false
		rows := count(fromH, toH, stepH)
		for p := 0; p < t.w.out; {
			fromW, toW, stepW := t.w.at(p)
			columns, pixels := count(fromW, toW, stepW), t.w.full(p)
			at, scale := ((image+o)*t.w.out+p)*t.c, t.scale(o, p, rows, columns)
			p += pixels
			if columns == 0 {
				continue
			}
			y, first, step, right := t.y[at:][:pixels*t.c], fromW*t.c, t.w.stride*t.c, stepW*t.c
			if greatest {
				giveMax(x, y, t.index[at:][:len(y)], first, row*len(x), t.c, pixels, step, columns, right, put)
			} else {
				giveAverage(x, y, first, t.c, pixels, step, columns, right, scale, put)
			}
		}
	}
	if empty {
		clear(x)
	}
}
