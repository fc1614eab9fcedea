package fakeworkspace_test

import (
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/service/compute"
	"github.com/databricks/databricks-sdk-go/service/dashboards"
	"github.com/databricks/databricks-sdk-go/service/sql"
	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func TestDashboards(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	id := w.AddWarehouse(me, "lake")
	create := func(d dashboards.Dashboard) (*dashboards.Dashboard, error) {
		return c.Lakeview.Create(ctx, dashboards.CreateDashboardRequest{Dashboard: d})
	}
	ask := dashboards.Dashboard{DisplayName: "prices", WarehouseId: id, ParentPath: "/Shared", SerializedDashboard: `{"pages":[{"name":"p"}]}`}
	made := must[*dashboards.Dashboard](t)(create(ask))
	if made.Path != "/Shared/prices.lvdash.json" || made.Etag == "" || !strings.Contains(made.SerializedDashboard, "PAGE_TYPE_CANVAS") {
		t.Errorf("dashboard is %+v", made)
	}
	if got := must[*workspace.ObjectInfo](t)(c.Workspace.GetStatusByPath(ctx, made.Path)); got.ObjectType != workspace.ObjectTypeDashboard || got.ResourceId != made.DashboardId {
		t.Errorf("status is %+v", got)
	}
	_, err := create(ask)
	refused(t, err, 400, "RESOURCE_ALREADY_EXISTS", "already exists")
	_, err = create(dashboards.Dashboard{DisplayName: "x", WarehouseId: "nope"})
	refused(t, err, 404, "RESOURCE_DOES_NOT_EXIST", "nope")
	_, err = create(dashboards.Dashboard{DisplayName: "x", SerializedDashboard: "{"})
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "no JSON")
	update := func(etag string) (*dashboards.Dashboard, error) {
		return c.Lakeview.Update(ctx, dashboards.UpdateDashboardRequest{DashboardId: made.DashboardId, Dashboard: dashboards.Dashboard{DisplayName: "new", Etag: etag}})
	}
	next := must[*dashboards.Dashboard](t)(update(made.Etag))
	if next.Etag == made.Etag || next.Path != "/Shared/new.lvdash.json" {
		t.Errorf("dashboard is %+v", next)
	}
	_, err = update(made.Etag)
	refused(t, err, 409, "ABORTED", "etag")
	_, err = c.Lakeview.GetPublishedByDashboardId(ctx, made.DashboardId)
	refused(t, err, 404, "RESOURCE_DOES_NOT_EXIST", "published")
	if got := must[*dashboards.PublishedDashboard](t)(c.Lakeview.Publish(ctx, dashboards.PublishRequest{DashboardId: made.DashboardId})); got.WarehouseId != id {
		t.Errorf("published is %+v", got)
	}
	ok(t, c.Lakeview.TrashByDashboardId(ctx, made.DashboardId))
	if got := must[*dashboards.Dashboard](t)(c.Lakeview.GetByDashboardId(ctx, made.DashboardId)); got.LifecycleState != dashboards.LifecycleStateTrashed {
		t.Errorf("dashboard is %+v", got)
	}
}

func TestAlerts(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	ask := sql.AlertV2{
		DisplayName: "late", QueryText: "select 1 as age", WarehouseId: w.AddWarehouse(me, "lake"),
		Evaluation: sql.AlertV2Evaluation{ComparisonOperator: "GREATER_THAN", Source: sql.AlertV2OperandColumn{Name: "age"}},
		Schedule:   sql.CronSchedule{QuartzCronSchedule: "0 * * * * ?", TimezoneId: "UTC"},
	}
	made := must[*sql.AlertV2](t)(c.AlertsV2.CreateAlert(ctx, sql.CreateAlertV2Request{Alert: ask}))
	if made.Id == "" || made.OwnerUserName != me || made.LifecycleState != sql.AlertLifecycleStateActive {
		t.Errorf("alert is %+v", made)
	}
	bad := ask
	bad.Schedule.QuartzCronSchedule = "* * * * *"
	_, err := c.AlertsV2.CreateAlert(ctx, sql.CreateAlertV2Request{Alert: bad})
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "quartz_cron_schedule")
	ask.DisplayName = "later"
	if got := must[*sql.AlertV2](t)(c.AlertsV2.UpdateAlert(ctx, sql.UpdateAlertV2Request{Id: made.Id, Alert: ask, UpdateMask: "*"})); got.DisplayName != "later" || got.Id != made.Id {
		t.Errorf("alert is %+v", got)
	}
	ok(t, c.AlertsV2.TrashAlert(ctx, sql.TrashAlertV2Request{Id: made.Id}))
	if all := must[[]sql.AlertV2](t)(c.AlertsV2.ListAlertsAll(ctx, sql.ListAlertsV2Request{})); len(all) != 1 || all[0].LifecycleState != sql.AlertLifecycleStateDeleted {
		t.Errorf("listed %+v", all)
	}
}

func TestCompute(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	v := must[*compute.GetSparkVersionsResponse](t)(c.Clusters.SparkVersions(t.Context()))
	if key, err := v.Select(compute.SparkVersionRequest{LongTermSupport: true, Latest: true, Scala: "2.12"}); err != nil || !strings.HasPrefix(key, "17.3") {
		t.Errorf("newest is %q, %v", key, err)
	}
	id := w.AddCluster("shared")
	_, err := c.Clusters.Start(t.Context(), compute.StartCluster{ClusterId: id})
	ok(t, err)
	if got := must[*compute.ClusterDetails](t)(c.Clusters.GetByClusterId(t.Context(), id)); got.State != compute.StatePending {
		t.Errorf("cluster is %+v", got)
	}
	if got := must[*compute.ClusterDetails](t)(c.Clusters.GetByClusterId(t.Context(), id)); got.State != compute.StateRunning {
		t.Errorf("cluster is %+v", got)
	}
	_, err = c.Clusters.GetByClusterId(t.Context(), "x")
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "Cluster x does not exist")
	if got := must[string](t)(c.Clusters.SelectNodeType(t.Context(), compute.NodeTypeRequest{LocalDisk: true, MinCores: 4})); got != "m5d.xlarge" {
		t.Errorf("the smallest is %q", got)
	}
}
