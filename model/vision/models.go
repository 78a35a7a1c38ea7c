package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
)

// A Model is a network as its paper trained it.
type Model struct {
	Name       string
	Input      [3]int // H×W×C of the pictures that it was made for
	Classes    int
	Parameters int    // numbers that are trained, with so many classes
	Paper      string // who and when; the network's own comment has the link

	// New makes it for any number of classes. If the random source is nil, the weights are zero, to be loaded from a file.
	New func(r *rand.Rand, classes int) nn.Layer
}

var (
	digit  = [3]int{28, 28, 1}
	cifar  = [3]int{32, 32, 3}
	square = [3]int{224, 224, 3} // what a network for ImageNet sees
)

// Models are the networks that have a name, one line each.
var Models = []Model{
	{"alexnet", square, 1000, 61_100_840, "Krizhevsky 2014", as(NewAlexNet)},
	{"cnn", digit, 10, 288_170, "Simonyan and Zisserman 2014", sized(NewCNN, 1)},
	{"convnext-tiny", square, 1000, 28_589_128, "Liu et al. 2022", sized(NewConvNeXt, ConvNeXtTiny)},
	{"convnext-small", square, 1000, 50_223_688, "Liu et al. 2022", sized(NewConvNeXt, ConvNeXtSmall)},
	{"convnext-base", square, 1000, 88_591_464, "Liu et al. 2022", sized(NewConvNeXt, ConvNeXtBase)},
	{"convnext-large", square, 1000, 197_767_336, "Liu et al. 2022", sized(NewConvNeXt, ConvNeXtLarge)},
	{"densenet121", square, 1000, 7_978_856, "Huang et al. 2016", sized(NewDenseNet, 121)},
	{"densenet161", square, 1000, 28_681_000, "Huang et al. 2016", sized(NewDenseNet, 161)},
	{"densenet169", square, 1000, 14_149_480, "Huang et al. 2016", sized(NewDenseNet, 169)},
	{"densenet201", square, 1000, 20_013_928, "Huang et al. 2016", sized(NewDenseNet, 201)},
	{"densenet40-cifar", cifar, 10, 1_019_722, "Huang et al. 2016", cifarDenseNet(40, false)},
	{"densenet100-cifar", cifar, 10, 769_162, "Huang et al. 2016", cifarDenseNet(100, true)},
	{"efficientnet-b0", square, 1000, 5_288_548, "Tan and Le 2019", sized(NewEfficientNet, 0)},
	{"efficientnet-b1", pixels(240), 1000, 7_794_184, "Tan and Le 2019", sized(NewEfficientNet, 1)},
	{"efficientnet-b2", pixels(260), 1000, 9_109_994, "Tan and Le 2019", sized(NewEfficientNet, 2)},
	{"efficientnet-b3", pixels(300), 1000, 12_233_232, "Tan and Le 2019", sized(NewEfficientNet, 3)},
	{"efficientnet-b4", pixels(380), 1000, 19_341_616, "Tan and Le 2019", sized(NewEfficientNet, 4)},
	{"efficientnet-b5", pixels(456), 1000, 30_389_784, "Tan and Le 2019", sized(NewEfficientNet, 5)},
	{"efficientnet-b6", pixels(528), 1000, 43_040_704, "Tan and Le 2019", sized(NewEfficientNet, 6)},
	{"efficientnet-b7", pixels(600), 1000, 66_347_960, "Tan and Le 2019", sized(NewEfficientNet, 7)},
	{"efficientnet-lite0", square, 1000, 4_652_008, "Tan and Le 2019", sized(NewEfficientNetLite, 0)},
	{"efficientnet-lite1", pixels(240), 1000, 5_416_680, "Tan and Le 2019", sized(NewEfficientNetLite, 1)},
	{"efficientnet-lite2", pixels(260), 1000, 6_092_072, "Tan and Le 2019", sized(NewEfficientNetLite, 2)},
	{"efficientnet-lite3", pixels(280), 1000, 8_197_096, "Tan and Le 2019", sized(NewEfficientNetLite, 3)},
	{"efficientnet-lite4", pixels(300), 1000, 13_006_568, "Tan and Le 2019", sized(NewEfficientNetLite, 4)},
	{"lenet", digit, 10, 61_706, "LeCun et al. 1998", as(NewLeNet)},
	{"mobilenetv1", square, 1000, 4_231_976, "Howard et al. 2017", sized(NewMobileNetV1, 1.0)},
	{"mobilenetv2", square, 1000, 3_504_872, "Sandler et al. 2018", sized(NewMobileNetV2, 1.0)},
	{"mobilenetv2-half-cifar", cifar, 10, 700_490, "Sandler et al. 2018", sized(NewSmallMobileNetV2, .5)},
	{"mobilenetv3-large", square, 1000, 5_483_032, "Howard et al. 2019", as(NewMobileNetV3Large)},
	{"mobilenetv3-small", square, 1000, 2_542_856, "Howard et al. 2019", as(NewMobileNetV3Small)},
	{"preactresnet110-cifar", cifar, 10, 1_730_522, "He et al. 2016", sized(NewPreActResNet, 110)},
	{"preactresnet164-cifar", cifar, 10, 1_703_258, "He et al. 2016", sized(NewPreActResNet, 164)},
	{"preactresnet1001-cifar", cifar, 10, 10_327_706, "He et al. 2016", sized(NewPreActResNet, 1001)},
	{"resnet18", square, 1000, 11_689_512, "He et al. 2015", sized(NewResNet, 18)},
	{"resnet34", square, 1000, 21_797_672, "He et al. 2015", sized(NewResNet, 34)},
	{"resnet50", square, 1000, 25_557_032, "He et al. 2015", sized(NewResNet, 50)},
	{"resnet101", square, 1000, 44_549_160, "He et al. 2015", sized(NewResNet, 101)},
	{"resnet152", square, 1000, 60_192_808, "He et al. 2015", sized(NewResNet, 152)},
	{"resnet18-cifar", cifar, 10, 11_173_962, "He et al. 2015", sized(NewSmallResNet, 18)},
	{"resnet20-cifar", cifar, 10, 269_722, "He et al. 2015", cifarResNet(20)},
	{"resnet32-cifar", cifar, 10, 464_154, "He et al. 2015", cifarResNet(32)},
	{"resnet44-cifar", cifar, 10, 658_586, "He et al. 2015", cifarResNet(44)},
	{"resnet56-cifar", cifar, 10, 853_018, "He et al. 2015", cifarResNet(56)},
	{"resnet110-cifar", cifar, 10, 1_727_962, "He et al. 2015", cifarResNet(110)},
	{"resnext29-8x64d-cifar", cifar, 10, 34_426_698, "Xie et al. 2016", grouped(NewCIFARResNeXt, 29, 8, 64)},
	{"resnext50-32x4d", square, 1000, 25_028_904, "Xie et al. 2016", grouped(NewResNeXt, 50, 32, 4)},
	{"resnext101-32x8d", square, 1000, 88_791_336, "Xie et al. 2016", grouped(NewResNeXt, 101, 32, 8)},
	{"resnext101-64x4d", square, 1000, 83_455_272, "Xie et al. 2016", grouped(NewResNeXt, 101, 64, 4)},
	{"squeezenet1.0", square, 1000, 1_248_424, "Iandola et al. 2016", as(NewSqueezeNet10)},
	{"squeezenet1.1", square, 1000, 1_235_496, "Iandola et al. 2016", as(NewSqueezeNet11)},
	{"vgg11", square, 1000, 132_863_336, "Simonyan and Zisserman 2014", vgg(11, false)},
	{"vgg11-bn", square, 1000, 132_868_840, "Simonyan and Zisserman 2014", vgg(11, true)},
	{"vgg13", square, 1000, 133_047_848, "Simonyan and Zisserman 2014", vgg(13, false)},
	{"vgg13-bn", square, 1000, 133_053_736, "Simonyan and Zisserman 2014", vgg(13, true)},
	{"vgg16", square, 1000, 138_357_544, "Simonyan and Zisserman 2014", vgg(16, false)},
	{"vgg16-bn", square, 1000, 138_365_992, "Simonyan and Zisserman 2014", vgg(16, true)},
	{"vgg19", square, 1000, 143_667_240, "Simonyan and Zisserman 2014", vgg(19, false)},
	{"vgg19-bn", square, 1000, 143_678_248, "Simonyan and Zisserman 2014", vgg(19, true)},
	{"vgg16-cifar", cifar, 10, 14_728_266, "Simonyan and Zisserman 2014", cifarVGG(16, 1)},
	{"vgg16-quarter-cifar", cifar, 10, 924_186, "Simonyan and Zisserman 2014", cifarVGG(16, .25)},
	{"vit-b16", square, 1000, 86_567_656, "Dosovitskiy et al. 2020", sized(NewViT, ViTB16)},
	{"vit-b32", square, 1000, 88_224_232, "Dosovitskiy et al. 2020", sized(NewViT, ViTB32)},
	{"vit-l16", square, 1000, 304_326_632, "Dosovitskiy et al. 2020", sized(NewViT, ViTL16)},
	{"vit-l32", square, 1000, 306_535_400, "Dosovitskiy et al. 2020", sized(NewViT, ViTL32)},
	{"vit-cifar", cifar, 10, 460_906, "Dosovitskiy et al. 2020", sized(NewViT, ViTSmall)},
}

// A maker is Model.New.
type maker = func(r *rand.Rand, classes int) nn.Layer

// as hides which network a constructor returns.
func as[M nn.Layer](f func(r *rand.Rand, classes int) M) maker {
	return func(r *rand.Rand, classes int) nn.Layer { return f(r, classes) }
}

// pixels is the input of a network that sees so many pixels a side.
func pixels(side int) [3]int { return [3]int{side, side, 3} }

// sized is as, for networks that come in sizes: a depth, a width, or more.
func sized[S any, M nn.Layer](f func(r *rand.Rand, size S, classes int) M, size S) maker {
	return func(r *rand.Rand, classes int) nn.Layer { return f(r, size, classes) }
}

func grouped(f func(r *rand.Rand, depth, groups, width, classes int) *ResNet, depth, groups, width int) maker {
	return func(r *rand.Rand, classes int) nn.Layer { return f(r, depth, groups, width, classes) }
}

func cifarResNet(depth int) maker {
	return func(r *rand.Rand, classes int) nn.Layer { return NewCIFARResNet(r, depth, 3, classes) }
}

func cifarDenseNet(depth int, bc bool) maker {
	return func(r *rand.Rand, classes int) nn.Layer { return NewCIFARDenseNet(r, depth, 12, bc, classes) }
}

func vgg(depth int, norm bool) maker {
	return func(r *rand.Rand, classes int) nn.Layer { return NewVGG(r, depth, norm, classes) }
}

func cifarVGG(depth int, width float64) maker {
	return func(r *rand.Rand, classes int) nn.Layer { return NewCIFARVGG(r, depth, width, classes) }
}
