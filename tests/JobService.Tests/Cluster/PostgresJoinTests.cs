using System.Globalization;
using ForegSyte.Jobs.Cluster;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage.PostgreSql;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ForegSyte.Jobs.Tests.Cluster;

/// <summary>Which JobServices can be nodes of one database at the same time.</summary>
public sealed class PostgresJoinTests(SharedServers servers) : PostgresClusterFixture(servers)
{
    [Fact]
    public async Task Start_NameOfALiveNode_IsRefusedWithItsAddress()
    {
        var first = await StartAsync("one");
        await first.Services.GetRequiredService<PostgresCluster>().BeatAsync(Cancellation);
        var left = Path.Combine(DataOfOne.Value, "video_jobs", ".uploads", "one", "left.data");
        Directory.CreateDirectory(Path.GetDirectoryName(left)!);
        await File.WriteAllTextAsync(left, "of an upload", Cancellation);

        // It watches the other for up to 30 s, so that a late heartbeat of a busy machine is none that is missing.
        var refusal = await Assert.ThrowsAsync<DatabaseException>(
            () => StartAsync("one", ("Node:HeartbeatInterval", "00:00:10"), DataOfOne));

        Assert.Contains($"The node one is alive at {Text(first.Address)}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Set Node:Name, or stop that node.", refusal.Message, StringComparison.Ordinal);

        // It is refused before it tidies up the uploads of the name.
        Assert.True(File.Exists(left), "A file of an upload is gone.");
    }

    [Fact]
    public async Task Start_WithoutAPortOrAnAddress_IsRefused()
    {
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(
            "one", (RunningJobService.NoPort, ""), ("Listen:UnixSocket", "/tmp/foregsyte-nowhere.sock")));

        Assert.Contains("Node:Address is required", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_NameOfAKilledNode_TakesItOver()
    {
        await AddDeadNodeAsync("one", age: "0 seconds");

        var one = await StartAsync("one");

        Assert.Equal(["one Live"], await NodesAsync(one));
    }

    [Fact]
    public async Task Start_OneNameTwiceAtOnce_StartsOne()
    {
        // Both arrive at the lock under which nodes join, and then go on.
        await using var connection = new NpgsqlConnection(Database);
        await connection.OpenAsync(Cancellation);
        await using var joining = await connection.BeginTransactionAsync(Cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = string.Create(
            CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({PostgresCluster.JoinLock})");
        await command.ExecuteNonQueryAsync(Cancellation);
        var interval = ("Node:HeartbeatInterval", "00:00:05");
        var starts = new[] { StartAsync("one", interval), StartAsync("one", interval) };
        await Wait.ForAsync(
            () => Server.QueryAsync(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'",
                Database),
            waiting => waiting.Length == 2, "both starts wait");

        await joining.CommitAsync(Cancellation);
        await Task.WhenAny(Task.WhenAll(starts));

        var refusals = starts.Where(start => start.IsFaulted).Select(start => start.Exception!.InnerException);
        Assert.IsType<DatabaseException>(Assert.Single(refusals));
        Assert.Equal(1, starts.Count(start => start.IsCompletedSuccessfully));
    }

    [Theory]
    [InlineData("S3", "Local", "this node has Storage=Local")]
    [InlineData("Local", "S3", "it has Storage=Local")]
    [InlineData("Local", "Local", "this node has Storage=Local")]
    public async Task Start_LocalFilesOfOneOfTwoLiveNodes_IsRefused(string first, string second, string reason)
    {
        await StartAsync("one", StorageOf(first));

        var refusal = await Assert.ThrowsAsync<DatabaseException>(() => StartAsync("two", StorageOf(second)));

        Assert.StartsWith("The node one is alive", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_LocalFilesBesideALostNode_Starts()
    {
        await AddDeadNodeAsync("gone", "5 minutes", "Local");

        var one = await StartAsync("one", StorageOf("Local"));

        Assert.Equal(["gone Lost", "one Live"], await NodesAsync(one));
    }

    [Fact]
    public async Task Start_UploadFolderOfAnotherProcess_IsRefused()
    {
        (string, string)[] settings = [DataOfOne, .. StorageOf("Local")];
        await StartAsync("one", settings);
        Database = await PostgresNode.CreateDatabaseAsync(Server);

        var refusal = await Assert.ThrowsAsync<DatabaseException>(() => StartAsync("one", settings));

        Assert.StartsWith("Another process uses the folder of uploads ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heartbeat_AnotherProcessHasTheName_ChangesNothingAndStops()
    {
        var one = await StartAsync("one");
        var uploadId = Guid.NewGuid();
        await AddUploadAsync(uploadId, "one", "1 hour");

        // As if it had been suspended. The other's heartbeat is in the future, so that it counts as alive for long.
        await Server.QueryAsync(
            $"WITH ended AS (DELETE FROM nodes WHERE name = 'one') {InsertOfNode("one", "-1 hour")}", Database);
        await Owners(one).ReconcileAsync(Cancellation);

        await one.LogLineAsync(
            "Node one was lost and cannot rejoin the cluster; the process stops. The node one is alive");
        var lifetime = one.Services.GetRequiredService<IHostApplicationLifetime>();
        await Wait.UntilAsync(() => lifetime.ApplicationStopping.IsCancellationRequested, "the node stops");
        Assert.Equal(["http://127.0.0.1:1"], await Server.QueryAsync("SELECT address FROM nodes", Database));
        Assert.Equal([uploadId.ToString()], await Server.QueryAsync("SELECT upload_id FROM uploads", Database));
    }

    [Fact]
    public async Task Heartbeat_RowIsGoneAndNobodyElseHasTheName_JoinsAgain()
    {
        var one = await StartAsync("one");

        await Server.QueryAsync("DELETE FROM nodes", Database);

        await Wait.ForAsync(() => NodesAsync(one), nodes => nodes is ["one Live"], "the node is back");
    }

    /// <summary>The storage, where S3 is the default of the fixture.</summary>
    private static (string, string)[] StorageOf(string kind) => kind == "S3" ? [] : [("Storage", kind)];
}
