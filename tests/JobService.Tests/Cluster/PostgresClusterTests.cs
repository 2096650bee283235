using ForegSyte.Jobs.Cluster;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage.PostgreSql;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Cluster;

/// <summary>JobServices that share a database in PostgreSQL: who they are, and the uploads of each.</summary>
public sealed class PostgresClusterTests(SharedServers servers) : PostgresClusterFixture(servers)
{
    [Fact]
    public async Task Nodes_SeeEachOther_UntilOneLeaves()
    {
        var one = await StartAsync("one");
        var two = await StartAsync("two");

        await Wait.ForAsync(
            () => NodesAsync(one), nodes => nodes is ["one Live", "two Live"], "node one sees node two");
        await Wait.UntilNoneAsync(
            () => LiveNodes(one) == 2 && LiveNodes(two) == 2 ? null : $"{LiveNodes(one)} and {LiveNodes(two)} nodes",
            "both nodes count two");
        await Wait.ForAsync(
            async () => (await one.Client.ListNodesAsync(new(), cancellationToken: Cancellation)).Nodes
                .Select(node => node.Address).ToList(),
            known => known.SequenceEqual([Text(one.Address), Text(two.Address)]), "the addresses are known");

        await StopAsync(two);

        Assert.Equal(["one Live"], await NodesAsync(one));
    }

    [Fact]
    public async Task Node_WithoutHeartbeats_IsLostAndThenForgotten()
    {
        var one = await StartAsync("one", ("Node:ForgetAfter", "00:10:00"));
        await AddDeadNodeAsync("gone", age: "5 minutes");

        Assert.Equal(["gone Lost", "one Live"], await NodesAsync(one));
        Assert.Equal(1, LiveNodes(one));

        await Server.QueryAsync(
            "UPDATE nodes SET seen_at = seen_at - interval '1 hour' WHERE name = 'gone'", Database);
        await Wait.ForAsync(() => NodesAsync(one), nodes => nodes is ["one Live"], "the leader forgets the node");
    }

    [Fact]
    public async Task Heartbeat_DatabaseRestarted_GoesOn()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        Database = await PostgresNode.CreateDatabaseAsync(server);
        var (one, two) = (await StartAsync("one"), await StartAsync("two"));
        await server.CrashAsync();
        await one.LogLineAsync("The heartbeat of node one failed");

        await server.StartAsync();

        await one.LogLineAsync("The heartbeat of node one works again");
        await Wait.ForAsync(
            () => NodesAsync(one), nodes => nodes is ["one Live", "two Live"], "both nodes are back");
        await StopAsync(two);
        await StopAsync(one);
    }

    [Fact]
    public async Task Upload_ThroughTheOtherNode_IsStoredByItsOwnerAlone()
    {
        var (one, two) = (await StartAsync("one"), await StartAsync("two"));
        var upload = (await one.Uploads.CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = 4 }, cancellationToken: Cancellation)).Upload;
        await WaitForAddressAsync(one);
        var data = ByteString.CopyFrom(1, 2, 3, 4);

        var answer = await two.Uploads.UploadPartAsync(
            new UploadPartRequest { UploadId = upload.UploadId, Data = data, Crc32C = Crc32C.Of(data.Span) },
            cancellationToken: Cancellation);

        Assert.Equal(4, answer.ReceivedBytes);
        Assert.False(
            two.Services.GetRequiredService<UploadStore>().Has(Guid.Parse(upload.UploadId)),
            "Node two has the upload.");
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(one.StorageFolder, ".uploads", "one")));
    }

    [Fact]
    public async Task Upload_OfANodeThatStopped_IsUnavailableAndComesBackWithIt()
    {
        var (one, two) = (await StartAsync("one", DataOfOne), await StartAsync("two"));
        var upload = (await one.Uploads.CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = 4 }, cancellationToken: Cancellation)).Upload;
        var request = new GetUploadRequest { UploadId = upload.UploadId };

        await StopAsync(one);

        var refusal = await Refusal.OfAsync(two.Uploads.GetUploadAsync(request, cancellationToken: Cancellation));
        Assert.Equal((ErrorReason.NodeUnavailable, "one"), (refusal.Reason, refusal.Info.Metadata["node"]));

        await WaitForAddressAsync(await StartAsync("one", DataOfOne));
        Assert.Equal(
            upload, (await two.Uploads.GetUploadAsync(request, cancellationToken: Cancellation)).Upload);
    }

    [Fact]
    public async Task Submit_RepeatedAfterItsNodeCommittedItAndDied_ReturnsTheJob()
    {
        var (one, two) = (await StartAsync("one"), await StartAsync("two"));
        var video = RunningJobService.Video;
        var upload = (await one.Uploads.CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = video.Length }, cancellationToken: Cancellation)).Upload;
        await one.Uploads.UploadPartAsync(
            new UploadPartRequest { UploadId = upload.UploadId, Data = video, Crc32C = Crc32C.Of(video.Span) },
            cancellationToken: Cancellation);
        var request = new SubmitVideoRequest
        {
            UploadId = upload.UploadId,
            PipelineId = "detect_only",
            RequestId = Guid.NewGuid().ToString(),
        };
        var job = (await one.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;
        await StopAsync(one);

        var again = (await two.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;

        Assert.Equal(job.JobId, again.JobId);
        request.RequestId = Guid.NewGuid().ToString();
        var refusal = await Refusal.OfAsync(two.Client.SubmitVideoAsync(request, cancellationToken: Cancellation));
        Assert.Equal(ErrorReason.NodeUnavailable, refusal.Reason);
    }

    [Fact]
    public async Task Create_SameRequestIdAtBothNodes_IsOneUpload()
    {
        var (one, two) = (await StartAsync("one"), await StartAsync("two"));
        var request = new CreateUploadRequest { SizeBytes = 4, RequestId = Guid.NewGuid().ToString() };
        var first = await one.Uploads.CreateUploadAsync(request, cancellationToken: Cancellation);
        await WaitForAddressAsync(one);

        Assert.Equal(first, await two.Uploads.CreateUploadAsync(request, cancellationToken: Cancellation));

        // The request_id is free again when the upload is gone, on any node.
        await one.Uploads.AbortUploadAsync(
            new AbortUploadRequest { UploadId = first.Upload.UploadId }, cancellationToken: Cancellation);
        var next = await two.Uploads.CreateUploadAsync(request, cancellationToken: Cancellation);
        Assert.NotEqual(first.Upload.UploadId, next.Upload.UploadId);
    }

    [Fact]
    public async Task TryAdd_RequestIdOfAnotherNode_IsRefusedOnce()
    {
        var (one, two) = (await StartAsync("one"), await StartAsync("two"));
        var request = Guid.NewGuid();
        UploadRecord NewUpload() => new(Guid.NewGuid(), 4, null, request, TimeProvider.System.GetUtcNow());
        var (upload, owners) = (NewUpload(), Owners(one));

        Assert.True(await owners.TryAddAsync(upload, Cancellation), "The first was refused.");
        Assert.True(await owners.TryAddAsync(upload, Cancellation), "The same was refused.");
        Assert.False(await Owners(two).TryAddAsync(NewUpload(), Cancellation), "Another node took the request_id.");
        Assert.True(await owners.TryAddAsync(NewUpload(), Cancellation), "The same node could not replace it.");
    }

    [Fact]
    public async Task Reconcile_RemovesRowsOfUploadsThatAreGone_AndAddsLostOnes()
    {
        var one = await StartAsync("one");
        var upload = (await one.Uploads.CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = 4 }, cancellationToken: Cancellation)).Upload;
        var (gone, young) = (Guid.NewGuid(), Guid.NewGuid());
        await Server.QueryAsync("DELETE FROM uploads", Database);
        await AddUploadAsync(gone, "one", "1 hour");
        await AddUploadAsync(young, "one", "1 second");
        await AddUploadAsync(Guid.NewGuid(), "never-there", "2 days");

        await Wait.UntilAsync(
            () => one.Services.GetRequiredService<ILeadership>().IsLeader, "the only node leads");
        await Owners(one).ReconcileAsync(Cancellation);

        Assert.Equal(
            new[] { upload.UploadId, young.ToString() }.Order(StringComparer.Ordinal),
            (await Server.QueryAsync("SELECT upload_id FROM uploads", Database)).Order(StringComparer.Ordinal));
    }

    private static int LiveNodes(RunningJobService service) =>
        service.Services.GetRequiredService<ICluster>().LiveNodes;

    /// <summary>The port of a node is known from its first heartbeat after the start on.</summary>
    private static async Task WaitForAddressAsync(RunningJobService service) => await Wait.ForAsync(
        async () => (await service.Client.ListNodesAsync(new(), cancellationToken: Cancellation)).Nodes,
        nodes => nodes.Any(node => node.Address == Text(service.Address)), "the address of the node is known");
}
