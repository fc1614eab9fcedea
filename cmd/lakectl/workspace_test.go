package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

var update = flag.Bool("update", false, "write what the scripts in testdata/workspace expect anew")

// TestWorkspaceScripts runs the command lines in testdata/workspace, each in a folder of its own against a
// workspace of its own.
func TestWorkspaceScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "workspace"), RequireExplicitExec: true, UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			w := fakeworkspace.New(fakeworkspace.Options{})
			w.AddUser("Jane.Doe@example.com", "dapi-jane", "admins", "analysts")
			w.AddUser("joe@example.com", "dapi-joe")
			w.AddAccountGroup("analysts")
			w.AddPrincipal("6a1f2a3c-0000-4000-8000-000000000001", "secret-of-principal", "admins")
			server := httptest.NewServer(w)
			env.Defer(server.Close)
			env.Values["workspace"] = w
			other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", "text/html")
				fmt.Fprint(rw, "<html>a page of something else</html>")
			}))
			env.Defer(other.Close)
			env.Setenv("OTHER_HOST", other.URL)
			for name, value := range map[string]string{
				"HOME": env.WorkDir, "DATABRICKS_CONFIG_FILE": env.WorkDir + "/.databrickscfg", "DATABRICKS_HOST": server.URL,
				"DATABRICKS_TOKEN": "dapi-jane", "DATABRICKS_AUTH_TYPE": "pat", "LAKECTL_KAFKA_BROKERS": "kafka.example.com:9092",
				"LAKECTL_KAFKA_USERNAME": "user-of-kafka", "LAKECTL_KAFKA_PASSWORD": "s3cr3t-of-kafka",
			} {
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "workspace": workspaceCmd, "scrub": scrubCmd},
	})
}

// workspaceCmd COMMAND ARG… changes or looks into the workspace, as somebody else does:
//
//	fault TEXT          something goes wrong, see fakeworkspace.ParseFault; heal ends that
//	put PATH FILE       puts a file or notebook into the tree
//	get PATH FILE       gets one out
//	table NAME          makes a table
//	schema NAME         makes a schema that joe owns
//	job NAME            makes a job that Joe owns, and sets $JOB to its id
//	find NAME           sets $JOB to the id of the job of that name
//	call METHOD PATH FILE  calls the API as Jane, with a body in which variables are replaced
//	secret SCOPE KEY VALUE  fails unless that is its value
//	expire              ends all tokens
//	jobs N              fails unless there are so many jobs
//	profile NAME        writes ~/.databrickscfg with it
//	requests FILE       what was written since the last time, one request after the other
//	quiet               fails if something was written since the last time
//	lock                sets $LOCK to the id of the lock
func workspaceCmd(ts *testscript.TestScript, _ bool, args []string) {
	w := ts.Value("workspace").(*fakeworkspace.Workspace)
	switch args[0] {
	case "fault":
		f, err := fakeworkspace.ParseFault(args[1])
		ts.Check(err)
		w.Fail(f)
	case "heal":
		w.Heal()
	case "put":
		w.Put(args[1], []byte(ts.ReadFile(args[2])))
	case "get":
		content, ok := w.Files()[args[1]]
		if !ok {
			ts.Fatalf("there is no %s", args[1])
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), content, 0o600))
	case "table":
		w.AddTable(args[1], "joe@example.com")
	case "schema":
		catalog, name, _ := strings.Cut(args[1], ".")
		w.AddSchema(catalog, name, "joe@example.com")
	case "job":
		id := w.AddJob("joe@example.com", map[string]any{"name": args[1]})
		ts.Setenv("JOB", strconv.FormatInt(id, 10))
	case "find":
		for id, job := range w.Jobs() {
			if job["name"] == args[1] {
				ts.Setenv("JOB", strconv.FormatInt(id, 10))
			}
		}
	case "call":
		ts.Check(call(ts, args[1], args[2], ts.ReadFile(args[3])))
	case "secret":
		if w.Secrets(args[1])[args[2]] != args[3] {
			ts.Fatalf("%s is not the value of %s in %s", args[3], args[2], args[1])
		}
	case "expire":
		w.ExpireTokens()
	case "jobs":
		if got := strconv.Itoa(len(w.Jobs())); got != args[1] {
			ts.Fatalf("%s jobs, want %s", got, args[1])
		}
	case "profile":
		text := fmt.Sprintf("[%s]\nhost = %s\ntoken = dapi-jane\n", args[1], ts.Getenv("HOST"))
		ts.Check(os.WriteFile(ts.Getenv("DATABRICKS_CONFIG_FILE"), []byte(text), 0o600))
	case "requests":
		var b strings.Builder
		for _, r := range w.Writes() {
			if !strings.HasSuffix(r.Path, "/state.json") {
				b.WriteString(r.String() + "\n\n")
			}
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(scrubbed(b.String())), 0o600))
		w.Forget()
	case "quiet":
		if writes := w.Writes(); len(writes) > 0 {
			ts.Fatalf("it wrote: %v", writes)
		}
	case "lock":
		for at, content := range w.Files() {
			if strings.HasSuffix(at, "/deploy.lock") {
				ts.Setenv("LOCK", regexp.MustCompile(`"id": "(.*)"`).FindStringSubmatch(string(content))[1])
			}
		}
	default:
		ts.Fatalf("unknown: workspace %v", args)
	}
}

// call is a change that somebody makes in the workspace's pages.
func call(ts *testscript.TestScript, method, path, body string) error {
	request, err := http.NewRequest(method, ts.Getenv("DATABRICKS_HOST")+path, strings.NewReader(os.Expand(body, ts.Getenv)))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer dapi-jane")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return err
}

// scrubCmd FROM TO copies a text without what is another one in each run.
func scrubCmd(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(scrubbed(ts.ReadFile(args[0]))), 0o600))
}

var changing = []struct{ pattern, name string }{
	{`http://127\.0\.0\.1:\d+`, "HOST"},
	{`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "UUID"},
	{`\b6\d{14}\b`, "ID"},
	{`\b000[0-9a-f]{13}\b`, "WAREHOUSE"},
	{`\(\d+\.\ds\)`, "(TIME)"},
	{`begun \S+ ago \(\S+\)`, "begun AGO (WHEN)"},
	{`\b[0-9a-f]{64}\b`, "SHA256"},
	{`content: [0-9a-f]{8} → [0-9a-f]{8}`, "content: WAS → IS"},
	{`\(\d+ (bytes|characters)\)`, "(CONTENT)"},
	{`("serialized_dashboard": )"(?:[^"\\]|\\.)*"`, `$1"(DASHBOARD)"`},
}

func scrubbed(text string) string {
	for _, c := range changing {
		text = regexp.MustCompile(c.pattern).ReplaceAllString(text, c.name)
	}
	return fmt.Sprintln(strings.TrimRight(text, "\n"))
}
