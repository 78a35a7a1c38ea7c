// Package pretrained is the table of networks that others have trained: where their weights are had, which network of package vision they
// fit, and what a picture must be made into for them. docs/weights.md has their licences and what they recognize.
package pretrained

import (
	"context"
	"fmt"
	"image"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/augment"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/internal/near"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// A Network is a row of the table.
type Network struct {
	Name  string // that of its weights in package source, where classes, licence and addresses stand
	Paper string
	Input Input
	New   func(r *rand.Rand, classes int) nn.Layer // the network for any number of classes
	read  func(file []byte, net nn.Layer) error    // puts what the file of weights says into the network
}

// An Input is what a picture is made into for a network: the middle of it, a square, in red, green and blue.
type Input struct {
	Short int        // what the shorter side of a picture is scaled to, in pixels
	Side  int        // of the square in the middle that is cut out of it
	Scale data.Scale // of the pixels
}

// Picture makes a picture into what the network is to see: Side×Side×3.
func (in Input) Picture(img image.Image) data.Picture {
	s := data.Sample{Picture: data.FromImage(img, 3)}
	augment.ResizeShort{Size: in.Short}.Apply(nil, &s)
	augment.CenterCrop{H: in.Side, W: in.Side}.Apply(nil, &s)
	return s.Picture
}

// ByName returns a network. The error says which names are near or, if none is, what there are.
func ByName(name string) (Network, error) {
	var names []string
	for _, n := range All {
		if n.Name == name {
			return n, nil
		}
		names = append(names, n.Name)
	}
	return Network{}, near.Unknown("pretrained network", "pretrained networks", name, names)
}

// Source returns where the weights are had.
func (n Network) Source() source.Source {
	i := slices.IndexFunc(source.Weights, func(s source.Source) bool { return s.Name == n.Name })
	if i < 0 {
		panic(fmt.Sprintf("pretrained: %s has no source", n.Name))
	}
	return source.Weights[i]
}

// Load finds the weights, fetching them if need be, and returns the network with them, for the classes of its source. The error is that of
// source.Source.Find, a *source.CorruptError, or says what in the file does not fit.
func (n Network) Load(ctx context.Context, o source.Options) (nn.Layer, error) {
	l, err := n.Source().Find(ctx, o)
	if err != nil {
		return nil, err
	}
	name := l.Source.Files[0].Name
	file, err := l.ReadFile(name)
	if err != nil {
		return nil, err
	}
	net := n.New(nil, len(l.Source.Classes))
	if err := n.read(file, net); err != nil {
		return nil, fmt.Errorf("%s: %w", l.Path(name), err)
	}
	return net, nil
}

// Head returns the tensors of a network that New made which depend on the number of classes: they have to be learned anew for others.
func (n Network) Head(net nn.Layer) []nn.Leaf {
	two, three := slices.Collect(nn.Leaves(n.New(nil, 2))), slices.Collect(nn.Leaves(n.New(nil, 3)))
	var head []nn.Leaf
	i := 0
	for l := range nn.Leaves(net) {
		if !slices.Equal(two[i].Tensor.Shape(), three[i].Tensor.Shape()) {
			head = append(head, l)
		}
		i++
	}
	return head
}

// Transfer returns a network for another number of classes with the weights of one that Load returned, all but those of its head, which are
// drawn from r.
func (n Network) Transfer(r *rand.Rand, from nn.Layer, classes int) nn.Layer {
	net := n.New(r, classes)
	head := n.Head(net)
	old := slices.Collect(nn.Leaves(from))
	i := 0
	for l := range nn.Leaves(net) {
		if !slices.ContainsFunc(head, func(h nn.Leaf) bool { return h.Tensor == l.Tensor }) {
			l.Tensor.Set(old[i].Tensor)
		}
		i++
	}
	return net
}

// All is the table, sorted by name.
var All = []Network{
	{
		Name: "efficientnet-lite0-imagenet", Paper: "Tan and Le 2019", Input: tensorFlow(256, 224, 127),
		New: efficientNetLite0, read: readEfficientNetLite,
	},
	{
		Name: "mobilenetv1-0.25-128-imagenet-tflite", Paper: "Howard et al. 2017", Input: tensorFlow(146, 128, 128),
		New: mobileNetV1, read: readTFLite,
	},
	{Name: "mobilenetv2-imagenet", Paper: "Sandler et al. 2018", Input: torchvision, New: mobileNetV2, read: readTorchvision},
	{
		Name: "mobilenetv2-imagenet-tflite", Paper: "Sandler et al. 2018", Input: tensorFlow(256, 224, 128),
		New: mobileNetV2TF, read: readTFLite,
	},
	{Name: "resnet18-imagenet", Paper: "He et al. 2015", Input: torchvision, New: resNet(18), read: readTorchvision},
	{Name: "resnet20-cifar10", Paper: "He et al. 2015", Input: small, New: resNet20, read: readResNet20},
	{Name: "resnet50-imagenet", Paper: "He et al. 2015", Input: torchvision, New: resNet(50), read: readTorchvision},
	{
		Name: "squeezenet1.0-imagenet", Paper: "Iandola et al. 2016; Han et al. 2015", Input: caffe,
		New: squeezeNet, read: readSqueezeNet,
	},
}

// colours is the mean and the standard deviation of the pixels of ImageNet, as parts of 255, by which networks of PyTorch are trained.
var colours = data.Scale{Mean: []tensor.Float{.485, .456, .406}, Std: []tensor.Float{.229, .224, .225}}

// torchvision is the input of its networks.
var torchvision = Input{Short: 256, Side: 224, Scale: colours}

// small is the input of a network for CIFAR-10.
var small = Input{Short: 32, Side: 32, Scale: colours}

// caffe is the input of networks that Caffe trained: bytes less the mean of each colour. It takes them in the order blue, green, red;
// readers turn the first weights round instead of the picture.
var caffe = Input{Short: 256, Side: 227, Scale: data.Scale{
	Mean: []tensor.Float{123. / 255, 117. / 255, 104. / 255}, Std: []tensor.Float{1. / 255, 1. / 255, 1. / 255},
}}

// tensorFlow is the input of networks of TensorFlow: bytes, less one that stands for zero, as parts of 128.
func tensorFlow(short, side int, zero tensor.Float) Input {
	all := func(v tensor.Float) []tensor.Float { return []tensor.Float{v / 255, v / 255, v / 255} }
	return Input{Short: short, Side: side, Scale: data.Scale{Mean: all(zero), Std: all(128)}}
}
