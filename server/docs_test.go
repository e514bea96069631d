package server

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/node"
	"paxos/protocol"
	"paxos/server/servertest"
)

// newDocsFront is the cluster that the examples of docs/http-api.md talk to.
func newDocsFront(t *testing.T) *front {
	e := servertest.New()
	var peers []PeerStatus
	for id := protocol.NodeID(2); id <= 3; id++ {
		address := fmt.Sprintf("127.0.0.1:%d", 4999+id)
		e.Members = append(e.Members, node.Member{ID: id, Address: address, Voter: true})
		peers = append(peers, PeerStatus{ID: id, Address: address, Connected: true})
	}
	return newFront(t, nil, Options{Engine: e, PeerStatus: func() []PeerStatus { return peers },
		Version: "v1.0.0", Limits: Limits{Alive: 20 * time.Millisecond}})
}

// An example is a command and the answer that stands below it.
var example = regexp.MustCompile("(?s)```sh\n(.*?)```\n\n```(\\w+(?: shape)?)\n(.*?)```")

// Every example of docs/http-api.md, in its order, with the machine's curl.
func TestTheExamplesOfTheManualWork(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatalf("the examples need curl, install it: %v", err)
	}
	page, err := os.ReadFile("../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	f := newDocsFront(t)
	examples := example.FindAllStringSubmatch(string(page), -1)
	if n := strings.Count(string(page), "```sh\n"); n != len(examples) || n < 20 {
		t.Fatalf("%d commands, %d of them with an answer", n, len(examples))
	}
	for _, m := range examples {
		command, kind, want := m[1], m[2], m[3]
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		cmd := exec.CommandContext(ctx, "sh", "-c", strings.ReplaceAll(command, "127.0.0.1:5000", f.addr))
		cmd.Env = append(os.Environ(), "no_proxy=*")
		got, err := cmd.Output()
		cancel()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		if difference := differs(kind, string(got), want); difference != "" {
			t.Errorf("%sgives\n%s%s", command, got, difference)
		}
	}
}

// differs says in what an answer is not what the page says.
func differs(kind, got, want string) string {
	if kind == "text" {
		if got != want {
			return "not " + want
		}
		return ""
	}
	g, err := parsed(got)
	if err != nil {
		return err.Error()
	}
	w, err := parsed(want)
	if err != nil {
		return err.Error()
	}
	if kind == "json shape" {
		g, w = shape(g), shape(w)
	}
	if !reflect.DeepEqual(g, w) {
		return fmt.Sprintf("that is  %v\ninstead of %v", g, w)
	}
	return ""
}

// parsed is a JSON text, with the digits of its numbers.
func parsed(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// shape is a JSON value with the names of types in the places of its numbers and
// texts.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = shape(v[name])
		}
		return v
	case []any:
		for i := range v {
			v[i] = shape(v[i])
		}
		return v
	}
	return fmt.Sprintf("%T", v)
}

// The page and the OpenAPI file name exactly the endpoints that there are.
func TestEveryEndpointIsInTheDocuments(t *testing.T) {
	text, err := os.ReadFile("../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(slices.Values(Routes()))
	if got := openAPIRoutes(string(text)); !slices.Equal(got, want) {
		t.Errorf("docs/openapi.yaml has\n%q\nthe server has\n%q", got, want)
	}
	page, err := os.ReadFile("../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range routes {
		if path := strings.Replace(rt.path, "{index}", "2", 1); !strings.Contains(string(page), "127.0.0.1:5000"+path) {
			t.Errorf("docs/http-api.md has no example of %s", path)
		}
	}
}

// openAPIRoutes are the paths and methods of an OpenAPI file, by its indentation.
func openAPIRoutes(text string) (list []string) {
	_, text, _ = strings.Cut(text, "\npaths:\n")
	text, _, _ = strings.Cut(text, "\ncomponents:\n")
	path := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if name, ok := strings.CutPrefix(line, "  /"); ok {
			path = "/" + strings.TrimSuffix(name, ":")
		} else if name, ok := strings.CutPrefix(line, "    "); ok && !strings.HasPrefix(name, " ") {
			list = append(list, strings.ToUpper(strings.TrimSuffix(name, ":"))+" "+path)
		}
	}
	return slices.Sorted(slices.Values(list))
}

// Every code that an error can have is in both documents.
func TestEveryErrorCodeIsInTheDocuments(t *testing.T) {
	page, err := os.ReadFile("../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := os.ReadFile("../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	codes := []string{"bad_request", "unauthorized", "not_found", "method_not_allowed", "conflict", "too_large", "internal"}
	for _, e := range engineErrors {
		codes = append(codes, e.Code)
	}
	for _, code := range codes {
		if !strings.Contains(string(page), "`"+code+"`") || !strings.Contains(string(spec), code+",") && !strings.Contains(string(spec), code+"]") {
			t.Errorf("%s is missing in docs/http-api.md or docs/openapi.yaml", code)
		}
	}
}
