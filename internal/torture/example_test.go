package torture

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// busyExample builds examples/kv with a checkpoint every 64 KiB: within seconds logs are trimmed, and
// who was away is sent a snapshot.
func busyExample(t *testing.T) string {
	t.Helper()
	source, err := filepath.Abs("../../examples/kv/main.go")
	ok(t, err)
	text, err := os.ReadFile(source)
	ok(t, err)
	const option = "Machine: state,"
	if strings.Count(string(text), option) != 1 {
		t.Fatalf("%s: no %q to put an option beside", source, option)
	}
	dir := t.TempDir()
	changed, program, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "kv"), filepath.Join(dir, "overlay.json")
	ok(t, os.WriteFile(changed, []byte(strings.Replace(string(text), option, option+" CheckpointBytes: 64 << 10,", 1)), 0o644))
	file, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	ok(t, err)
	ok(t, os.WriteFile(overlay, file, 0o644))
	args := append([]string{"build", "-overlay", overlay, "-o", program}, strings.Fields(os.Getenv("PAXOS_TORTURE_BUILD"))...)
	if out, err := exec.Command("go", append(args, "../../examples/kv")...).CombinedOutput(); err != nil {
		t.Fatalf("build the example: %v\n%s", err, out)
	}
	return program
}

func TestTheExampleOfTheEngineSurvivesEverythingAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("runs real processes for seconds, which -short does without")
	}
	needRoot(t)
	o := usual()
	o.Workload, o.Program, o.Nemeses = KV, busyExample(t), []string{all}
	o.Dir, o.TimeLimit, o.Interval, o.Rate = filepath.Join(t.TempDir(), "run"), 5*time.Second, 300*time.Millisecond, 2000
	passes(t, o)
}
