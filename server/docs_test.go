package server

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// routeNames are the endpoints, each as METHOD and path, the one for peers included.
func routeNames() []string {
	list := []string{"GET " + pathPeer}
	for _, rt := range routes {
		list = append(list, rt.method+" "+rt.path)
	}
	return list
}

// The page and the OpenAPI file name exactly the endpoints that there are.
func TestEveryEndpointIsInTheDocuments(t *testing.T) {
	text, err := os.ReadFile("../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(slices.Values(routeNames()))
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
