package bench

import (
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// A trainer is a network with all that a training step of it takes.
type trainer struct {
	model any // filled by the caller
	// step does one step and returns the loss before it.
	step func() float64
}

// trainingStep makes the training step of a network with n examples, the same ones in every step.
func trainingStep(net string, n int) (task, error) {
	r := rand.New(rand.NewPCG(1, 1))
	var t trainer
	switch net {
	case "tiny":
		m := newTiny(r)
		t = classifier(m, optim.NewAdam(nn.Params(m), 1e-4), r, madeTensor("x", n, 4), 2)
	case "mlp":
		m := vision.NewMLP(r, 784, 256, 128, 10)
		t = classifier(m, optim.NewAdam(nn.Params(m), 1e-4), r, madeImages("x", n, 1, 28), 10)
	case "lenet":
		m := vision.NewLeNet(r, 10)
		t = classifier(m, optim.NewSGD(nn.Params(m), .01, .9), r, madeImages("x", n, 1, 28), 10)
	case "cnn":
		m := newCNN(r)
		t = classifier(m, optim.NewAdam(nn.Params(m), 1e-4), r, madeImages("x", n, 1, 28), 10)
	case "digits":
		m := vision.NewCNN(r, 1, 10)
		t = classifier(m, optim.NewAdam(nn.Params(m), 1e-4), r, madeImages("x", n, 1, 28), 10)
	case "resnet18":
		t = photographs(vision.NewSmallResNet(r, 18, 10), .01, r, n)
	case "resnet20":
		t = photographs(vision.NewCIFARResNet(r, 20, 3, 10), .01, r, n)
	case "vgg16":
		t = photographs(vision.NewCIFARVGG(r, 16, .25, 10), 1e-4, r, n) // at .001 rounding parts the losses, those of PyTorch too
	case "mobilenetv2":
		m := vision.NewSmallMobileNetV2(r, .5, 10)
		m.Classifier[0] = nn.Dropout{} // whose choices would be others
		t = photographs(m, 1e-4, r, n)
	case "vit":
		m := vision.NewViT(r, vision.ViTSmall, 10)
		method := optim.NewAdamW(nn.Params(m), 1e-4)
		method.Decay = .05
		t = classifier(m, method, r, madeImages("x", n, 3, 32), 10)
	case "vae":
		m := newVAE(r)
		t = m.trainer(optim.NewAdam(nn.Params(m), 1e-3), r, n)
	case "dcgan":
		t = newDCGAN(r).trainer(r, n)
	default:
		m := newReader(net, r, n)
		if m == nil {
			return task{}, fmt.Errorf("there is no training step of a network %q", net)
		}
		t = m.trainer()
	}
	fill(t.model)
	losses := make([]float64, 10)
	for i := range losses {
		losses[i] = t.step()
	}
	return task{call: func() { t.step() }, check: losses}, nil
}

// inferenceOf is one picture through a network.
func inferenceOf(net string, side int) (task, error) {
	r := rand.New(rand.NewPCG(1, 1))
	var m nn.Layer
	var x *tensor.Tensor
	switch net {
	case "token":
		return speaking(), nil
	case "lenet":
		m, x = vision.NewLeNet(r, 10), madeImages("x", 1, 1, side)
	case "resnet18":
		m, x = vision.NewResNet(r, 18, 1000), madeImages("x", 1, 3, side)
	case "mobilenetv2":
		m, x = vision.NewMobileNetV2(r, 1, 1000), madeImages("x", 1, 3, side)
	default:
		return task{}, fmt.Errorf("there is no inference of a network %q", net)
	}
	fill(m)
	var t task
	t.call = func() {
		p := tensor.Inference()
		y := m.Forward(p.Input(x))
		if t.check == nil {
			t.check = sums(y)
		}
		p.End()
	}
	t.call()
	return t, nil
}

// classifier trains m to tell classes apart.
func classifier(m nn.Layer, method optim.Optimizer, r *rand.Rand, x *tensor.Tensor, classes int) trainer {
	params, labels := nn.Params(m), madeLabels(x.Dim(0), classes)
	return trainer{m, func() float64 {
		p := tensor.Training(r)
		loss := nn.CrossEntropy(m.Forward(p.Input(x)), labels)
		method.Step(tensor.Grad(loss, params...))
		value := loss.Item()
		p.End()
		return float64(value)
	}}
}

// photographs trains a network on n pictures of 32×32.
func photographs(m nn.Layer, lr float64, r *rand.Rand, n int) trainer {
	method := optim.NewSGD(nn.Params(m), lr, .9)
	method.Decay = 5e-4
	return classifier(m, method, r, madeImages("x", n, 3, 32), 10)
}

// tiny is a perceptron that leaves nothing but what a framework spends on each operation.
type tiny struct{ Layers []*nn.Linear }

func newTiny(r *rand.Rand) *tiny {
	return &tiny{[]*nn.Linear{nn.NewLinear(r, 4, 32), nn.NewLinear(r, 32, 32), nn.NewLinear(r, 32, 2)}}
}

func (m *tiny) Forward(x *tensor.Tensor) *tensor.Tensor {
	x = m.Layers[0].Forward(x).Tanh()
	x = m.Layers[1].Forward(x).Tanh()
	return m.Layers[2].Forward(x)
}

// cnn is a network of two convolutions of 3×3 without normalization.
type cnn struct {
	Conv1, Conv2 *nn.Conv2D
	FC1, FC2     *nn.Linear
}

func newCNN(r *rand.Rand) *cnn {
	return &cnn{
		nn.NewConv2D(r, 1, 32, 3, tensor.Conv{Pad: 1}), nn.NewConv2D(r, 32, 64, 3, tensor.Conv{Pad: 1}),
		nn.NewLinear(r, 64*7*7, 128), nn.NewLinear(r, 128, 10),
	}
}

func (m *cnn) Forward(x *tensor.Tensor) *tensor.Tensor {
	x = m.Conv1.Forward(x).ReLU().MaxPool2D(tensor.Pool{Kernel: 2}) // N×14×14×32
	x = m.Conv2.Forward(x).ReLU().MaxPool2D(tensor.Pool{Kernel: 2}) // N×7×7×64
	return m.FC2.Forward(m.FC1.Forward(nn.FlattenCHW(x)).ReLU())
}

// vae is the variational auto-encoder 784-400-20 of PyTorch's examples.
type vae struct{ FC1, FC21, FC22, FC3, FC4 *nn.Linear }

func newVAE(r *rand.Rand) *vae {
	return &vae{nn.NewLinear(r, 784, 400), nn.NewLinear(r, 400, 20), nn.NewLinear(r, 400, 20),
		nn.NewLinear(r, 20, 400), nn.NewLinear(r, 400, 784)}
}

// trainer steps on n pictures; the noise is given, so that everybody has the same.
func (m *vae) trainer(method optim.Optimizer, r *rand.Rand, n int) trainer {
	params := nn.Params(m)
	pictures, noise := madeTensor("x", n, 784), madeTensor("noise", n, 20)
	pictures = pictures.Affine(.5, .5)
	return trainer{m, func() float64 {
		p := tensor.Training(r)
		x := p.Input(pictures)
		h := m.FC1.Forward(x).ReLU()
		mu, logvar := m.FC21.Forward(h), m.FC22.Forward(h)
		z := mu.Add(p.Input(noise).Mul(logvar.Scale(.5).Exp()))
		y := m.FC4.Forward(m.FC3.Forward(z).ReLU())
		kl := logvar.Shift(1).Sub(mu.Square()).Sub(logvar.Exp()).Sum().Scale(-.5)
		loss := nn.BCEWithLogitsEach(y, x).Sum().Add(kl)
		method.Step(tensor.Grad(loss, params...))
		value := loss.Item()
		p.End()
		return float64(value)
	}}
}

// dcgan is a deep convolutional GAN for pictures of 28×28, after Radford et al. 2015, https://arxiv.org/abs/1511.06434.
type dcgan struct {
	Generator struct {
		Project *nn.Linear
		BN1     *nn.BatchNorm
		Conv1   *nn.ConvTranspose2D
		BN2     *nn.BatchNorm
		Conv2   *nn.ConvTranspose2D
	}
	Discriminator struct {
		Conv1, Conv2 *nn.Conv2D
		BN           *nn.BatchNorm
		Score        *nn.Linear
	}
}

func newDCGAN(r *rand.Rand) *dcgan {
	m, half := &dcgan{}, tensor.Conv{Stride: 2, Pad: 1}
	g, d := &m.Generator, &m.Discriminator
	g.Project = nn.NewLinear(r, 100, 7*7*128).NoBias()
	g.BN1, g.BN2 = nn.NewBatchNorm(128), nn.NewBatchNorm(64)
	g.Conv1 = nn.NewConvTranspose2D(r, 128, 64, 4, half).NoBias()
	g.Conv2 = nn.NewConvTranspose2D(r, 64, 1, 4, half)
	d.Conv1 = nn.NewConv2D(r, 1, 64, 4, half)
	d.Conv2 = nn.NewConv2D(r, 64, 128, 4, half).NoBias()
	d.BN = nn.NewBatchNorm(128)
	d.Score = nn.NewLinear(r, 7*7*128, 1)
	return m
}

// generate makes pictures of noise.
func (m *dcgan) generate(z *tensor.Tensor) *tensor.Tensor {
	g := &m.Generator
	x := g.Project.Forward(z).Reshape(-1, 128, 7, 7).Permute(0, 2, 3, 1) // the order of the weights is PyTorch's
	x = g.Conv1.Forward(g.BN1.Forward(x).ReLU())
	return g.Conv2.Forward(g.BN2.Forward(x).ReLU()).Tanh()
}

func (m *dcgan) score(x *tensor.Tensor) *tensor.Tensor {
	d := &m.Discriminator
	x = d.Conv1.Forward(x).LeakyReLU(.2)
	x = d.BN.Forward(d.Conv2.Forward(x)).LeakyReLU(.2)
	return d.Score.Forward(nn.FlattenCHW(x))
}

func (m *dcgan) trainer(r *rand.Rand, n int) trainer {
	theirs, ours := nn.Params(&m.Discriminator), nn.Params(&m.Generator)
	judge, forger := optim.NewAdam(theirs, 2e-4), optim.NewAdam(ours, 2e-4)
	judge.Beta1, forger.Beta1 = .5, .5
	pictures, noise := madeImages("x", n, 1, 28), madeTensor("noise", n, 100)
	return trainer{m, func() float64 {
		p := tensor.Training(r)
		ones, zeros := p.Full(1, n, 1), p.Zeros(n, 1)
		fakes := m.generate(p.Input(noise))
		real := nn.BCEWithLogits(m.score(p.Input(pictures)), ones)
		forged := nn.BCEWithLogits(m.score(fakes.Detach()), zeros)
		loss := real.Add(forged)
		judge.Step(tensor.Grad(loss, theirs...))
		forger.Step(tensor.Grad(nn.BCEWithLogits(m.score(fakes), ones), ours...))
		value := loss.Item()
		p.End()
		return float64(value)
	}}
}
