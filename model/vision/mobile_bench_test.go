package vision

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// BenchmarkMobile is one large picture through a network, and a training step of 64 small ones, with one thread and with two.
func BenchmarkMobile(b *testing.B) {
	defer tensor.SetThreads(tensor.Threads())
	tensor.Poison(false)
	defer tensor.Poison(true)
	r := rand.New(rand.NewPCG(1, 2))
	labels := make([]int, 64)
	for threads := 1; threads <= 2; threads++ {
		tensor.SetThreads(threads)
		for name, net := range map[string]nn.Layer{
			"mobilenetv2": NewMobileNetV2(r, 1, 1000), "mobilenetv3": NewMobileNetV3Large(r, 1000),
			"efficientnet": NewEfficientNet(r, 0, 1000), "efficientnet_lite": NewEfficientNetLite(r, 0, 1000),
		} {
			b.Run(fmt.Sprintf("inference/%s/%d", name, threads), func(b *testing.B) {
				x := noise(r, 1, 224, 224, 3)
				for b.Loop() {
					p := tensor.Inference()
					net.Forward(p.Input(x))
					p.End()
				}
			})
		}
		for name, net := range map[string]nn.Layer{"mobilenetv2": NewSmallMobileNetV2(r, .5, 10), "vit": NewViT(r, ViTSmall, 10)} {
			b.Run(fmt.Sprintf("step/%s/%d", name, threads), func(b *testing.B) {
				params := nn.Params(net)
				o := optim.NewSGD(params, .01, .9)
				x := noise(r, 64, 32, 32, 3)
				for b.Loop() {
					p := tensor.Training(r)
					o.Step(tensor.Grad(nn.CrossEntropy(net.Forward(p.Input(x)), labels), params...))
					p.End()
				}
			})
		}
	}
}
