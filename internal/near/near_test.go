package near

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNear(t *testing.T) {
	recipes := []string{"lenet-fashion", "lenet-mnist", "mlp-mnist"}
	keys := []string{"batch", "epochs", "lr", "optimizer", "weight_decay"}
	tests := []struct {
		word  string
		among []string
		want  []string
	}{
		{"lenet-minst", recipes, []string{"lenet-mnist"}},
		{"lenetmnist", recipes, []string{"lenet-mnist"}},
		{"LeNet_MNIST", recipes, []string{"lenet-mnist"}},
		{"mnist", recipes, []string{"mlp-mnist", "lenet-mnist"}},
		{"fashion", recipes, []string{"lenet-fashion"}},
		{"resnet50", recipes, nil},
		{"", recipes, nil},
		{"lrr", keys, []string{"lr"}},
		{"rl", keys, []string{"lr"}},
		{"epoch", keys, []string{"epochs"}},
		{"weight-decay", keys, []string{"weight_decay"}},
		{"optimiser", keys, []string{"optimizer"}},
		{"x", keys, nil},
		{"épochs", keys, []string{"epochs"}},
		{"aa", []string{"ab", "ac", "ad", "ae"}, []string{"ab", "ac", "ad"}},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, Near(tt.word, tt.among)); d != "" {
			t.Errorf("Near(%q) differs (-want +got):\n%s", tt.word, d)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"kitten", "sitting", 3}, {"minst", "mnist", 1}, {"ab", "ba", 1}, {"abcd", "badc", 2},
	} {
		if got := distance([]rune(tt.a), []rune(tt.b)); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
