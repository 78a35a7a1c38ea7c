package bench

import _ "embed"

// PyTorch is the program that takes part for PyTorch; it needs Python with torch and torchvision.
//
//go:embed pytorch.py
var PyTorch []byte

// PyTorchSettings returns the settings of PyTorch that compete: with several threads each bound to processors and not.
func PyTorchSettings(python, script string, compiled bool, threads []int) []Setting {
	mode := "eager"
	if compiled {
		mode = "compiled"
	}
	var settings []Setting
	for _, n := range threads {
		s := Setting{Label: "PyTorch " + mode, Family: "PyTorch " + mode, Command: []string{python, script}, Threads: n, Mode: mode}
		settings = append(settings, s)
		if n > 1 {
			s.Label += " bound"
			s.Env = []string{"OMP_PROC_BIND=true"}
			settings = append(settings, s)
		}
	}
	return settings
}
