package pretrained

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
)

func resNet(depth int) func(r *rand.Rand, classes int) nn.Layer {
	return func(r *rand.Rand, classes int) nn.Layer { return vision.NewResNet(r, depth, classes) }
}

func mobileNetV2(r *rand.Rand, classes int) nn.Layer { return vision.NewMobileNetV2(r, 1, classes) }

// readTorchvision reads a file of torchvision, whose names are the network's.
func readTorchvision(file []byte, net nn.Layer) error {
	return loadTorch(file, net, func(name string) string { return name })
}

func resNet20(r *rand.Rand, classes int) nn.Layer { return vision.NewCIFARResNet(r, 20, 3, classes) }

// readResNet20 reads a checkpoint of a training on several devices, where the last layer has another name.
func readResNet20(file []byte, net nn.Layer) error {
	return loadTorch(file, net, func(name string) string {
		name = strings.TrimPrefix(name, "state_dict.module.")
		if rest, ok := strings.CutPrefix(name, "linear."); ok {
			return "fc." + rest
		}
		return name
	})
}

func efficientNetLite0(r *rand.Rand, classes int) nn.Layer {
	return vision.NewEfficientNetLiteTF(r, 0, classes)
}

// readEfficientNetLite reads a file that has the names of the package efficientnet_pytorch, in which blocks are counted through.
func readEfficientNetLite(file []byte, net nn.Layer) error {
	names := map[string]string{"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
	block := 0
	for s, stage := range net.(*vision.EfficientNetLite).Blocks {
		for i, b := range stage {
			theirs, ours := fmt.Sprintf("_blocks.%d.", block), fmt.Sprintf("blocks.%d.%d.", s, i)
			layers := map[string]string{
				"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2", "_project_conv": "conv_pwl", "_bn2": "bn3",
			}
			if _, ok := b.(*vision.LiteSeparable); ok {
				layers = map[string]string{"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
			}
			for their, our := range layers {
				names[theirs+their] = ours + our
			}
			block++
		}
	}
	return loadTorch(file, net, func(name string) string {
		i := strings.LastIndex(name, ".") // before weight, running_mean …
		if ours, ok := names[name[:max(i, 0)]]; ok {
			return ours + name[i:]
		}
		return name
	})
}
