package bench

import _ "embed"

// PyTorch is the program that takes part for PyTorch; it needs Python with torch and torchvision.
//
//go:embed pytorch.py
var PyTorch []byte

// PyTorchSettings returns the settings of PyTorch that compete: eager and compiled, and with several threads each bound to
// processors and not.
func PyTorchSettings(python, script string, threads []int) []Setting {
	var settings []Setting
	for _, mode := range []string{"eager", "compiled"} {
		for _, n := range threads {
			s := Setting{Label: "PyTorch " + mode, Family: "PyTorch " + mode, Command: []string{python, script}, Threads: n, Mode: mode}
			if n > 1 || mode == "eager" {
				settings = append(settings, s)
			}
			if n > 1 {
				s.Label += " bound"
				s.Env = []string{"OMP_PROC_BIND=true"}
				settings = append(settings, s)
			}
		}
	}
	return settings
}
