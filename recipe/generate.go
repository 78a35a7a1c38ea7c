package recipe

import (
	"context"
	"math/rand/v2"

	"github.com/hadal-go/hadal/train"
)

// A Generator is a job whose network makes something new.
type Generator interface {
	// Generation returns what makes it, with the best weights of a run.
	Generation(run *train.Run) (Generation, error)
}

// A Generation makes new things. It has settings, which can be changed before Make.
type Generation interface {
	// Settings returns a pointer to the struct of settings; see the function of this name.
	Settings() any
	// Make makes what is ordered, and says each piece of it as soon as it is there. What is wrong with a setting is a *BadSetting.
	Make(ctx context.Context, o Order) error
}

// An Order is what is to be made.
type Order struct {
	Prompt string // what it begins with; "": what was usual in training
	N      int    // how many
	Random *rand.Rand
	Say    func(Piece) error
}

// A Piece is a piece of a text that is being made.
type Piece struct {
	Item        int     `json:"item"` // of which text, from 0
	Text        string  `json:"text"` // how it goes on; that of the first piece is the prompt
	Token       string  `json:"token,omitempty"`
	Probability float64 `json:"probability,omitempty"` // that the token had
}
