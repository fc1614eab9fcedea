package fakeworkspace_test

import (
	"io"
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/service/catalog"
	"github.com/databricks/databricks-sdk-go/service/files"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func TestFilesInAVolume(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	w.AddSchema("main", "lake", me)
	put := func(path string, overwrite bool) error {
		return c.Files.Upload(ctx, files.UploadRequest{FilePath: path, Contents: io.NopCloser(strings.NewReader("{}")), Overwrite: overwrite})
	}
	refused(t, put("/Volumes/main/lake/events/a/1.jsonl", false), 404, "VOLUME_DOES_NOT_EXIST", "does not exist")
	must[*catalog.VolumeInfo](t)(c.Volumes.Create(ctx, catalog.CreateVolumeRequestContent{CatalogName: "main", SchemaName: "lake", Name: "events", VolumeType: catalog.VolumeTypeManaged}))
	ok(t, put("/Volumes/main/lake/events/a/1.jsonl", false))
	refused(t, put("/Volumes/main/lake/events/a/1.jsonl", false), 409, "ALREADY_EXISTS", "already exists")
	ok(t, put("/Volumes/main/lake/events/a/1.jsonl", true))
	got := must[*files.DownloadResponse](t)(c.Files.DownloadByFilePath(ctx, "/Volumes/main/lake/events/a/1.jsonl"))
	if text, err := io.ReadAll(got.Contents); err != nil || string(text) != "{}" {
		t.Errorf("downloaded %q, %v", text, err)
	}
	all := must[[]files.DirectoryEntry](t)(c.Files.ListDirectoryContentsAll(ctx, files.ListDirectoryContentsRequest{DirectoryPath: "/Volumes/main/lake/events"}))
	if len(all) != 1 || !all[0].IsDirectory || all[0].Name != "a" {
		t.Errorf("listed %+v", all)
	}
	refused(t, c.Files.DeleteDirectoryByDirectoryPath(ctx, "/Volumes/main/lake/events/a"), 400, "DIRECTORY_NOT_EMPTY", "not empty")
	ok(t, c.Files.DeleteByFilePath(ctx, "/Volumes/main/lake/events/a/1.jsonl"))
	ok(t, c.Files.DeleteDirectoryByDirectoryPath(ctx, "/Volumes/main/lake/events/a"))
	_, err := c.Files.DownloadByFilePath(ctx, "/Volumes/main/lake/events/a/1.jsonl")
	refused(t, err, 404, "NOT_FOUND", "not found")
	refused(t, put("/tmp/x", false), 400, "INVALID_PARAMETER_VALUE", "not in a volume")
}
