using ForegSyte.Testing;
using ForegSyte.Testing.Servers;

[assembly: AssemblyFixture(typeof(SharedServers))]
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace ForegSyte.Cluster.Tests;

/// <summary>The servers of the tests start, stop, crash and freeze.</summary>
public sealed class ServerTests
{
    [Fact]
    public async Task Postgres_AfterStopAndCrash_HasItsRows()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        var database = await server.CreateDatabaseAsync();
        await server.QueryAsync("CREATE TABLE t (n int)", database);
        await server.QueryAsync("INSERT INTO t VALUES (1)", database);
        await server.StopAsync();
        await server.StartAsync();
        await server.QueryAsync("INSERT INTO t VALUES (2)", database);
        await server.CrashAsync();
        await server.StartAsync();

        Assert.Equal(["1", "2"], await server.QueryAsync("SELECT n FROM t ORDER BY n", database));
        Assert.Contains("automatic recovery in progress", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postgres_Frozen_AnswersWhenItContinues()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        server.Freeze();
        var answer = server.QueryAsync("SELECT 1");
        server.Continue();

        Assert.Equal(["1"], await answer);
    }

    [Fact]
    public async Task Postgres_OwnerKilled_EndsToo()
    {
        Assert.SkipUnless(PostgresServer.MissingReason is null, PostgresServer.MissingReason ?? "");
        var (owner, _) = await ServiceProcess.StartProgramAsync(
            "dotnet", RepositoryFiles.BuiltAssembly("tests/Cluster", "ForegSyte.Cluster"), "postgres");
        await using (owner)
        {
            var folder = owner.Output.Split('\n')[0];
            Assert.NotEmpty(ChildProcesses.UsingFile(folder));
            await owner.KillAsync();
            await Wait.UntilAsync(() => ChildProcesses.UsingFile(folder).Length == 0, "the server has ended");
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Postgres_Shared_GivesEachTestADatabase()
    {
        await using var servers = new SharedServers();
        var server = await servers.PostgresOrSkipAsync();
        var (first, second) = (await server.CreateDatabaseAsync(), await server.CreateDatabaseAsync());
        await server.QueryAsync("CREATE TABLE t (n int)", first);

        Assert.Equal(["0"], await server.QueryAsync("SELECT count(*) FROM pg_tables WHERE tablename = 't'", second));
        Assert.Same(server, await servers.PostgresOrSkipAsync());
    }

    [Fact]
    public async Task Ceph_AfterStopAndCrash_HasItsBuckets()
    {
        await using var server = await CephServer.StartOrSkipAsync();
        var first = await server.CreateBucketAsync();
        await server.CrashAsync();
        await server.StartAsync();
        var second = await server.CreateBucketAsync();
        await server.StopGatewayAsync();
        await server.StartGatewayAsync();

        var listed = await server.CallAsync("GET", "");
        Assert.Contains(first, listed, StringComparison.Ordinal);
        Assert.Contains(second, listed, StringComparison.Ordinal);
        await server.CallAsync("DELETE", first);
        server.Freeze();
        var answer = server.CallAsync("GET", "");
        server.Continue();
        Assert.DoesNotContain(first, await answer, StringComparison.Ordinal);
    }
}
