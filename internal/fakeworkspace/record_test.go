package fakeworkspace_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func TestHooksSeeEachRequest(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	w.Forget()
	var before, after []int
	w.OnRequest(func(n int, r fakeworkspace.Request) { before = append(before, n, r.Status) },
		func(n int, r fakeworkspace.Request) { after = append(after, n, r.Status) })
	ok(t, c.Workspace.MkdirsByPath(t.Context(), "/Shared/a"))
	if len(before) != 2 || before[0] != 1 || before[1] != 0 || len(after) != 2 || after[1] != http.StatusOK {
		t.Errorf("before %v, after %v", before, after)
	}
}

func TestUnknownEndpoint(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	refused(t, post(t, c, "/api/2.0/nothing", map[string]any{}), 404, "ENDPOINT_NOT_FOUND", "No API found for 'POST /api/2.0/nothing'")
}

func TestRequestsForGoldenFiles(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	w.Forget()
	ok(t, c.Workspace.Upload(t.Context(), "/Shared/01.py", strings.NewReader(notebook), workspace.UploadFormat(workspace.ImportFormatAuto)))
	ok(t, c.Workspace.Import(t.Context(), workspace.Import{Path: "/Shared/a", Format: "RAW", Content: "eA=="}))
	ok(t, post(t, c, "/api/2.0/workspace-files/import-file/Shared/state.json?overwrite=true", map[string]any{"serial": 1}))
	want := []string{
		"POST /api/2.0/workspace/import\n{\n  \"content\": \"(38 bytes)\",\n  \"format\": \"AUTO\",\n  \"path\": \"/Shared/01.py\"\n}",
		"POST /api/2.0/workspace/import\n{\n  \"content\": \"(4 characters)\",\n  \"format\": \"RAW\",\n  \"path\": \"/Shared/a\"\n}",
		"POST /api/2.0/workspace-files/import-file/Shared/state.json?overwrite=true\n(12 bytes)",
	}
	var got []string
	for _, r := range w.Writes() {
		got = append(got, r.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
