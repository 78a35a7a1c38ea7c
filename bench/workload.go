// Package bench measures Hadal: against the limits of the machine, and against other frameworks in one interleaved run.
//
// A workload is a name, a kind and a few numbers. Whoever takes part is a process of its own that builds workloads and runs them
// when asked, in the protocol of [Serve]; Hadal itself is one of them, pytorch.py another. All make the same inputs and weights
// from the same counters, and give numbers computed from them (the first ten losses of a training step, sums over the results of a
// kernel): a ratio counts only where these agree.
package bench

import "fmt"

// A Workload is something to be timed.
type Workload struct {
	Name   string         `json:"name"`
	Group  string         `json:"-"`    // the heading that it stands under in a report
	Kind   string         `json:"kind"` // which builder makes it
	Net    string         `json:"net,omitempty"`
	Args   map[string]int `json:"args,omitempty"`
	Target float64        `json:"-"` // how many times as fast as PyTorch it is to be
	Flop   float64        `json:"-"` // floating-point operations of a call, by the direct algorithm; 0: not told
	Bytes  float64        `json:"-"` // memory that a call must at least read and write; 0: not told

	Tolerance float64 `json:"-"` // how far the numbers to compare may be apart; 0 is 0.002
}

// Step reports whether the workload is a whole training step.
func (w Workload) Step() bool { return w.Kind == "step" }

type args = map[string]int

// All returns the workloads, in the order of the report.
func All() []Workload {
	var all []Workload
	add := func(group string, target float64, ws ...Workload) {
		for _, w := range ws {
			w.Group, w.Target = group, target
			all = append(all, w)
		}
	}
	for _, n := range []int{256, 512, 1024, 2048} {
		add("matrix products", 1.05, gemm(n, n, n, false))
	}
	for _, s := range [][3]int{{20, 800, 200}, {20, 2600, 650}, {64, 1024, 1024}, {128, 3072, 768}} {
		add("matrix products, few rows", 1.1, gemm(s[0], s[1], s[2], false))
		add("matrix products, few rows, packed before", 1.5, gemm(s[0], s[1], s[2], true))
	}
	for _, c := range []conv{{n: 16, c: 64, h: 56}, {n: 16, c: 128, h: 28}, {n: 16, c: 256, h: 14}, {n: 16, c: 512, h: 7}, {n: 64, c: 64, h: 32}} {
		c.o, c.k, c.s, c.p = c.c, 3, 1, 1
		add("convolution 3×3, forward", 1.8, c.forward())
		add("convolution 3×3, forward and backward", 1.5, c.backward())
	}
	for _, c := range []conv{
		{n: 16, c: 64, h: 56, o: 256, k: 1, s: 1},
		{n: 64, c: 64, h: 32, o: 128, k: 3, s: 2, p: 1},
		{n: 16, c: 64, h: 56, o: 64, k: 3, s: 1, p: 1, groups: 64},
		{n: 64, c: 3, h: 32, o: 64, k: 3, s: 1, p: 1},
		{n: 64, c: 128, h: 7, o: 64, k: 4, s: 2, p: 1, transposed: true},
	} {
		add("other convolutions", 1.5, c.forward(), c.backward())
	}
	const images, wide = 64 * 32 * 32 * 64, 16 * 56 * 56 * 64
	add("normalization, softmax, activation, optimizer", 1.5,
		loop("batchnorm", "16×64×56²", wide, 3, args{"n": 16, "c": 64, "h": 56}, false),
		loop("batchnorm", "16×64×56²", wide, 8, args{"n": 16, "c": 64, "h": 56}, true),
		loop("batchnorm", "64×64×32²", images, 3, args{"n": 64, "c": 64, "h": 32}, false),
		loop("batchnorm", "64×64×32²", images, 8, args{"n": 64, "c": 64, "h": 32}, true),
		loop("layernorm", "2048×256", 2048*256, 2, args{"rows": 2048, "columns": 256}, false),
		loop("layernorm", "2048×256", 2048*256, 5, args{"rows": 2048, "columns": 256}, true),
		loop("gelu", "2048×1024", 2048*1024, 2, args{"rows": 2048, "columns": 1024}, false),
		loop("gelu", "2048×1024", 2048*1024, 5, args{"rows": 2048, "columns": 1024}, true),
		loop("softmax", "1024×1024", 1024*1024, 2, args{"rows": 1024, "columns": 1024}, false),
		loop("softmax", "1024×1024", 1024*1024, 5, args{"rows": 1024, "columns": 1024}, true),
		loop("crossentropy", "700×10000", 700*10000, 3, args{"rows": 700, "columns": 10000}, true),
		loop("adam", "10 M", 10_000_000, 7, args{"n": 10_000_000}, false),
	)
	add("pooling and elementwise chains", 2,
		loop("maxpool", "64×64×32² k2", images, 1.25, args{"n": 64, "c": 64, "h": 32}, false),
		loop("maxpool", "64×64×32² k2", images, 2.5, args{"n": 64, "c": 64, "h": 32}, true),
		loop("avgpool", "64×64×32² k2", images, 1.25, args{"n": 64, "c": 64, "h": 32}, true),
		loop("chain", "σ(ax+b)x 4 M", 4<<20, 4, args{"n": 4 << 20}, false),
		loop("chain", "σ(ax+b)x 64 K", 64<<10, 4, args{"n": 64 << 10}, true),
		loop("tanh", "1 M", 1<<20, 2, args{"n": 1 << 20}, false),
		loop("exp", "1 M", 1<<20, 2, args{"n": 1 << 20}, false),
		loop("relu", "64×64×32²", images, 5, args{"n": images}, true),
	)
	for _, kind := range []string{"lstm", "gru"} {
		for _, h := range []int{200, 650} {
			add("recurrent layers and attention", 2, recurrent(kind, 35, 20, h))
		}
	}
	for _, t := range []int{128, 1024} {
		add("recurrent layers and attention", 2, attention(8, 8, t, 64))
	}
	add("training steps", 20, step("tiny", 16, 2*16*(2*4*32+3*(32*32+32*2))))
	add("training steps", 3, step("lenet", 64, 2*64*(2*784*25*6+3*(100*150*16+400*120+120*84+84*10))))
	add("training steps", 2,
		step("mlp", 64, 2*64*(2*784*256+3*(256*128+128*10))),
		step("vae", 128, 2*128*(2*784*400+3*(400*40+20*400+400*784))))
	add("training steps", 1.4, dcganStep())
	add("training steps", 1.5, step("cnn", 64, 2*64*(2*784*9*32+3*(196*288*64+3136*128+1280))))
	add("training steps", 1.7, resnet18Step())
	add("training steps", 1.5,
		step("resnet20", 64, 2*64*(2*1024*27*16+3*40_108_672)),
		step("digits", 64, 2*64*(2*784*9*32+3*28_902_656)),
		step("vgg16", 64, 2*64*(2*1024*27*16+3*19_465_472)),
		step("mobilenetv2", 64, 2*64*(2*1024*27*16+3*27_526_656)),
		step("vit", 64, 2*64*(2*64*48*96+3*33_622_080)))
	// Of every token: the layers' weights, and the scores of all words; the attention of a Transformer looks at half of the tokens.
	add("training steps", 1.7,
		step("ptb-small", 20, 3*2*35*20*(2*8*200*200+200*10000)),
		step("ptb-medium", 20, 3*2*35*20*(2*8*650*650+650*10000)),
		step("transformer", 16, 3*2*128*16*(4*12*256*256+256*256+4*128*256)))
	add("inference, one picture", 2,
		inference("lenet", 28, 2*(784*25*6+100*150*16+400*120+120*84+84*10)),
		inference("resnet18", 224, 2*(112*112*147*64+1_696_059_392)),
		inference("mobilenetv2", 224, 2*300_774_272))
	speak := inference("token", 1, 2*(2*8*650*650+650*10000))
	speak.Name = "a token of lstm 2×650"
	add("inference, one picture", 1.7, speak)
	add("start of the process to the end of the first training step", 2, Workload{Name: "first step of LeNet", Kind: "start", Net: "lenet", Args: args{"n": 64}})
	return all
}

// gemm is c = a·b for m×k and k×n.
func gemm(m, n, k int, packed bool) Workload {
	w := Workload{Name: fmt.Sprintf("gemm %d×%d×%d", m, n, k), Kind: "gemm", Args: args{"m": m, "n": n, "k": k},
		Flop: 2 * float64(m) * float64(n) * float64(k), Bytes: 4 * float64(m*k+k*n+m*n)}
	if packed {
		w.Name += " packed"
		w.Args["packed"] = 1
	}
	return w
}

// conv is a convolution of N×C×H×H by O×C×K×K.
type conv struct {
	n, c, h, o, k, s, p, groups int
	transposed                  bool
}

func (c conv) workload(passes float64) Workload {
	groups := max(1, c.groups)
	out := (c.h+2*c.p-c.k)/c.s + 1
	name := fmt.Sprintf("conv %d×%d×%d² k%d o%d", c.n, c.c, c.h, c.k, c.o)
	if c.s > 1 {
		name += fmt.Sprintf(" s%d", c.s)
	}
	if groups > 1 {
		name += " depthwise"
	}
	work := out // the pixels that the kernel is multiplied with
	if c.transposed {
		name += " transposed"
		work, out = c.h, (c.h-1)*c.s-2*c.p+c.k
	}
	w := Workload{Name: name, Kind: "conv", Args: args{"n": c.n, "c": c.c, "h": c.h, "o": c.o, "k": c.k, "s": c.s, "p": c.p, "groups": groups}}
	if c.transposed {
		w.Args["transposed"] = 1
	}
	if c.c == 3 {
		w.Args["first"] = 1 // nobody asks for the gradient of a picture
		passes = min(passes, 2)
	}
	w.Flop = passes * 2 * float64(c.n*work*work) * float64(c.c/groups*c.k*c.k*c.o)
	w.Bytes = passes * 4 * float64(c.n*(c.c*c.h*c.h+c.o*out*out)+c.c/groups*c.k*c.k*c.o)
	return w
}

func (c conv) forward() Workload { return c.workload(1) }

func (c conv) backward() Workload { return c.workload(3).withBackward() }

func (w Workload) withBackward() Workload {
	w.Name += " back"
	w.Args["backward"] = 1
	return w
}

// loop is an operation bounded by memory: passes times over n numbers.
func loop(kind, shape string, n int, passes float64, a args, backward bool) Workload {
	w := Workload{Name: kind + " " + shape, Kind: kind, Args: a, Bytes: 4 * passes * float64(n)}
	if backward {
		return w.withBackward()
	}
	return w
}

// recurrent is a layer of h units with as many inputs over t steps of n sequences, forward and backward.
func recurrent(kind string, t, n, h int) Workload {
	gates := map[string]int{"lstm": 4, "gru": 3}[kind]
	return Workload{Name: fmt.Sprintf("%s T=%d N=%d H=%d", kind, t, n, h), Kind: kind, Args: args{"t": t, "n": n, "h": h},
		Flop: 3 * 2 * float64(t*n) * float64(2*gates*h*h), Bytes: 4 * 3 * float64(t*n*(gates+2)*h)}.withBackward()
}

// attention is that of n sequences of t steps, of which each head has d features, forward and backward.
func attention(n, heads, t, d int) Workload {
	return Workload{Name: fmt.Sprintf("attention N=%d H=%d T=%d D=%d", n, heads, t, d), Kind: "attention",
		Args: args{"n": n, "heads": heads, "t": t, "d": d}, Flop: (2 + 4) * 2 * float64(n*heads*t*t*d), Bytes: 4 * 11 * float64(n*heads*t*d)}.withBackward()
}

func step(net string, n int, flop float64) Workload {
	return Workload{Name: fmt.Sprintf("step %s N=%d", net, n), Kind: "step", Net: net, Args: args{"n": n}, Flop: flop}
}

// dcganStep has the generator forward and backward once, the discriminator forward thrice; backward, twice by its weights and three
// times by its inputs, those of the first layer only for the generator.
func dcganStep() Workload {
	const project, spread, last, first, second = 100 * 6272, 49 * 128 * 64 * 16, 196 * 64 * 16, 196 * 64 * 16, 49 * 64 * 128 * 16
	w := step("dcgan", 64, 2*64*(2*project+3*spread+3*last+3*(first+second)+2*(first+second)+first+3*second))
	w.Tolerance = 1e-2 // Adam makes steps of the signs of small gradients, which rounding decides: PyTorch's own parts with the threads
	return w
}

// resnet18Step has losses that fall to a hundredth in its ten steps. In single precision the last of them are 0.003 from those that
// PyTorch has in double precision.
func resnet18Step() Workload {
	w := step("resnet18", 64, 2*64*(2*1024*27*64+3*553_653_248))
	w.Tolerance = 1e-2
	return w
}

func inference(net string, side int, flop float64) Workload {
	return Workload{Name: fmt.Sprintf("inference %s %d²", net, side), Kind: "inference", Net: net, Args: args{"n": 1, "h": side}, Flop: flop}
}
