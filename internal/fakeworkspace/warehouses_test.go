package fakeworkspace_test

import (
	"testing"

	"github.com/databricks/databricks-sdk-go/service/sql"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func TestWarehouses(t *testing.T) {
	t.Parallel()
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	ask := sql.CreateWarehouseRequest{Name: "lake", ClusterSize: "2X-Small", WarehouseType: "PRO", EnableServerlessCompute: true, MaxNumClusters: 1, AutoStopMins: 5}
	made := must[*sql.WaitGetWarehouseRunning[sql.CreateWarehouseResponse]](t)(c.Warehouses.Create(ctx, ask))
	got := must[*sql.GetWarehouseResponse](t)(made.Get())
	if got.State != sql.StateRunning || got.CreatorName != me || got.JdbcUrl == "" || got.OdbcParams == nil || got.NumClusters != 1 || got.Channel == nil {
		t.Errorf("warehouse is %+v", got)
	}
	_, err := c.Warehouses.Create(ctx, ask)
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "SQL warehouse with name `lake` already exists")
	for says, spoil := range map[string]func(*sql.CreateWarehouseRequest){
		"cluster_size":       func(r *sql.CreateWarehouseRequest) { r.ClusterSize = "Tiny" },
		"Serverless is only": func(r *sql.CreateWarehouseRequest) { r.WarehouseType = "CLASSIC" },
		"auto_stop_mins":     func(r *sql.CreateWarehouseRequest) { r.EnableServerlessCompute = false },
		"max_num_clusters":   func(r *sql.CreateWarehouseRequest) { r.MaxNumClusters = 41 },
		"name":               func(r *sql.CreateWarehouseRequest) { r.Name = "" },
	} {
		bad := ask
		bad.Name = "other"
		spoil(&bad)
		_, err := c.Warehouses.Create(ctx, bad)
		refused(t, err, 400, "INVALID_PARAMETER_VALUE", says)
	}
	_, err = c.Warehouses.Edit(ctx, sql.EditWarehouseRequest{Id: made.Id, ClusterSize: "Small"})
	ok(t, err)
	if got := must[*sql.GetWarehouseResponse](t)(c.Warehouses.GetById(ctx, made.Id)); got.ClusterSize != "Small" || got.Name != "lake" {
		t.Errorf("warehouse is %+v", got)
	}
	w.AddWarehouse(you, "theirs")
	if all := must[[]sql.EndpointInfo](t)(c.Warehouses.ListAll(ctx, sql.ListWarehousesRequest{})); len(all) != 2 {
		t.Errorf("listed %+v", all)
	}
	ok(t, c.Warehouses.DeleteById(ctx, made.Id))
	_, err = c.Warehouses.GetById(ctx, made.Id)
	refused(t, err, 404, "RESOURCE_DOES_NOT_EXIST", made.Id)
}

func TestOthersWarehouse(t *testing.T) {
	w, _ := open(t, fakeworkspace.Options{})
	id := w.AddWarehouse(me, "mine")
	c := dial(t, w, "dapi-you")
	refused(t, c.Warehouses.DeleteById(t.Context(), id), 403, "PERMISSION_DENIED", "Manage")
	_, err := c.Warehouses.Edit(t.Context(), sql.EditWarehouseRequest{Id: id, ClusterSize: "Small"})
	refused(t, err, 403, "PERMISSION_DENIED", "Manage")
}

func TestFreeEdition(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{Free: true})
	_, err := c.Jobs.Create(t.Context(), continuous())
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "Only serverless compute is supported")
	create(t, c, scheduled())
	ask := sql.CreateWarehouseRequest{Name: "lake", ClusterSize: "2X-Small", WarehouseType: "PRO", EnableServerlessCompute: true}
	_, err = c.Warehouses.Create(t.Context(), ask)
	ok(t, err)
	ask.Name = "second"
	_, err = c.Warehouses.Create(t.Context(), ask)
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "one SQL warehouse")
}
