package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// moduleTimeout bounds how long the go command may take to fetch a module.
const moduleTimeout = 10 * time.Minute

var errNoGo = errors.New("the go command is not on the PATH")

// moduleDir returns the folder of a Go module in the module cache, and fetches it there if need be.
func moduleDir(ctx context.Context, module string, o Options) (string, error) {
	command, err := exec.LookPath("go")
	if err != nil {
		return "", errNoGo
	}
	// In an empty folder no go.mod, workspace or vendor folder of the user has a say.
	empty, err := os.MkdirTemp("", "hadal-module-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(empty)
	ctx, cancel := context.WithTimeout(ctx, moduleTimeout)
	defer cancel()
	env := append(os.Environ(), "PWD="+empty, "GO111MODULE=on", "GOFLAGS=-mod=mod", "GOWORK=off")
	dir, err := modDownload(ctx, command, empty, module, append(env, "GOPROXY=off")) // from the module cache
	if err == nil || o.Offline {
		return dir, err
	}
	if o.Progress != nil {
		o.Progress("Go module "+module, 0, 0)
	}
	return modDownload(ctx, command, empty, module, env)
}

// modDownload runs the go command in a folder, and returns where the module is.
func modDownload(ctx context.Context, command, folder, module string, env []string) (string, error) {
	cmd := exec.CommandContext(ctx, command, "mod", "download", "-json", module)
	cmd.Dir, cmd.Env = folder, env
	out, err := cmd.Output()
	var answer struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &answer); jsonErr != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return "", fmt.Errorf("go mod download failed: %s", strings.TrimSpace(string(failed.Stderr)))
		}
		return "", fmt.Errorf("go mod download failed: %w", errors.Join(err, jsonErr))
	}
	if answer.Error != "" || answer.Dir == "" {
		return "", fmt.Errorf("go mod download failed: %s", answer.Error)
	}
	return answer.Dir, nil
}

// goRoot returns the folder of an installation of Go.
func goRoot(ctx context.Context) (string, error) {
	command, err := exec.LookPath("go")
	if err != nil {
		return "", errNoGo
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, command, "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT failed: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
