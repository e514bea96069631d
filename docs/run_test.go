package docs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"paxos/internal/doctest"
)

// Every command of every page, in its order, does what the page says. A page that is
// added is found by itself.
func TestEveryCommandInTheBookRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("runs real clusters for a minute, which -short does without")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root, to run the commands in namespaces of their own")
	}
	binary := build(t)
	for _, p := range pages(t) {
		if len(toRun(p)) == 0 {
			continue
		}
		t.Run(p.Path, func(t *testing.T) {
			t.Parallel()
			runPage(t, p, binary)
		})
	}
}

// toRun are the blocks of commands that are run.
func toRun(p *doctest.Page) (blocks []doctest.Block) {
	for _, b := range p.Blocks {
		if b.Shell() && b.NotRun == "" {
			blocks = append(blocks, b)
		}
	}
	return blocks
}

func runPage(t *testing.T, p *doctest.Page, binary string) {
	runtime.LockOSThread() // the shell ends with this thread, which ends with the test
	shell, err := doctest.NewShell(root(t), binary, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	for _, b := range toRun(p) {
		if err := runBlock(t.Context(), shell, &b); err != nil {
			t.Fatalf("%s:%d: %v", p.Path, b.Line, err)
		}
	}
}

func runBlock(ctx context.Context, shell *doctest.Shell, b *doctest.Block) error {
	ctx, cancel := context.WithTimeout(ctx, doctest.Patience)
	defer cancel()
	if b.Repeated {
		return repeat(ctx, shell, b)
	}
	if b.Language == "console" {
		return runSteps(ctx, shell, b.Steps())
	}
	out, errOut, err := shell.Run(ctx, b.Text, false)
	if err != nil {
		return fmt.Errorf("%w\n%s%s%s", err, b.Text, out, errOut)
	}
	if b.Answer == nil {
		return nil
	}
	if d := doctest.Differs(b.Answer.Language, out, b.Answer.Text); d != "" {
		return fmt.Errorf("%s%s%s", b.Text, d, errOut)
	}
	return nil
}

func runSteps(ctx context.Context, shell *doctest.Shell, steps []doctest.Step) error {
	for _, s := range steps {
		out, _, err := shell.Run(ctx, s.Command, true)
		if err != nil {
			return fmt.Errorf("%w\n$ %s\n%s", err, s.Command, out)
		}
		if d := doctest.Differs("console", out, s.Output); d != "" {
			return fmt.Errorf("$ %s\n%s", s.Command, d)
		}
	}
	return nil
}

// repeat runs the steps of a block from the first on, until all of them give what the page shows.
func repeat(ctx context.Context, shell *doctest.Shell, b *doctest.Block) error {
	steps := b.Steps()
	for i := range steps {
		steps[i].Command = "{\n" + steps[i].Command + "\n} || echo \"exit code $?\"" // which must not end the shell
	}
	for {
		err := runSteps(ctx, shell, steps)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// build makes the program that all pages use.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "paxos")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/paxos")
	cmd.Dir = root(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func pages(t *testing.T) []*doctest.Page {
	t.Helper()
	pages, err := doctest.Pages(root(t))
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// reasons are why a block of commands may be left out, and how many blocks may be, at most, for each.
// A number that has to grow is a page that could be written otherwise.
var reasons = map[string]int{
	"it takes minutes":          9,
	"CI has a step for it":      6,
	"it is what runs this test": 1,
	"it needs Maelstrom":        3,
}

// What is not run has one of the reasons above, and there is not more and more of it.
func TestWhatIsNotRunHasAReason(t *testing.T) {
	count := make(map[string]int)
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			if b.NotRun == "" {
				continue
			}
			first, _, _ := strings.Cut(b.Text, "\n")
			t.Logf("not run, %s: %s:%d: %s", b.NotRun, p.Path, b.Line, first)
			count[b.NotRun]++
		}
	}
	for reason, n := range count {
		if n > reasons[reason] {
			t.Errorf("%d blocks are not run because %q, and at most %d may be", n, reason, reasons[reason])
		}
	}
}
