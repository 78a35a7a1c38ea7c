//go:build amd64 && !noasm && !float64

package kernel

// lstmStep, lstmStepGrad, gruStep and gruStepGrad are what recurrent_other.go says, in assembly where the processor has it.

func lstmStep(g, c0, c, h, y []Float) {
	n := len(y)
	if level == levelGeneric || n == 0 {
		lstmStepGeneric(g, c0, c, h, y)
		return
	}
	_, _, _, _ = g[4*n-1], c0[n-1], c[n-1], h[n-1]
	vectorLSTM(&g[0], &c0[0], &c[0], &h[0], &y[0], n)
}

func lstmStepGrad(dg, g, c0, c, dy, dh, dc []Float) {
	n := len(dy)
	if level == levelGeneric || n == 0 {
		lstmStepGradGeneric(dg, g, c0, c, dy, dh, dc)
		return
	}
	_, _, _, _, _, _ = dg[4*n-1], g[4*n-1], c0[n-1], c[n-1], dh[n-1], dc[n-1]
	vectorLSTMGrad(&dg[0], &g[0], &c0[0], &c[0], &dy[0], &dh[0], &dc[0], n)
}

func gruStep(g, bias, h, y []Float) {
	n := len(y)
	if level == levelGeneric || n == 0 {
		gruStepGeneric(g, bias, h, y)
		return
	}
	_, _, _ = g[4*n-1], bias[n-1], h[n-1]
	vectorGRU(&g[0], &bias[0], &h[0], &y[0], n)
}

func gruStepGrad(dg, g, h0, dy, dh []Float) {
	n := len(dy)
	if level == levelGeneric || n == 0 {
		gruStepGradGeneric(dg, g, h0, dy, dh)
		return
	}
	_, _, _, _ = dg[4*n-1], g[4*n-1], h0[n-1], dh[n-1]
	vectorGRUGrad(&dg[0], &g[0], &h0[0], &dy[0], &dh[0], n)
}
