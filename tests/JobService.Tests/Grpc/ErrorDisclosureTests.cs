using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using ForegSyte.Jobs.Storage;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>
/// The service reveals neither texts of exceptions nor paths: not in its handlers, and not in the gRPC and HTTP layers
/// around them.
/// </summary>
public sealed class ErrorDisclosureTests
{
    private const string GetJob = "/foregsyte.v1.JobService/GetJob";
    private const string WaitJob = "/foregsyte.v1.JobService/WaitJob";
    private const byte Plain = 0;
    private const byte Compressed = 1;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Reaches(ErrorReason.Internal)]
    public async Task SubmitVideo_StorageIsGone_ReturnsOnlyAnErrorId()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        Directory.Delete(service.PathOf(""), recursive: true);

        var refusal = await Refusal.OfAsync(
            service.Client.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation));

        AssertIsUnexpected(refusal, service);
    }

    [Fact]
    public async Task CancelJob_DatabaseIsClosed_ReturnsOnlyAnErrorId()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var job = await service.SubmitAsync();
        await service.Services.GetRequiredService<DuckDbWriter>().DisposeAsync();

        var refusal = await Refusal.OfAsync(
            service.Client.CancelJobAsync(new() { JobId = job.JobId }, cancellationToken: Cancellation));

        AssertIsUnexpected(refusal, service);
    }

    [Fact]
    [Reaches(ErrorReason.MalformedRequest)]
    public Task Message_Invalid_IsMalformed() =>
        BrokenCall_IsRefusedWithDetails("an invalid message", ErrorReason.MalformedRequest);

    [Theory]
    [InlineData("no body", ErrorReason.MalformedRequest)]
    [InlineData("an invalid message", ErrorReason.MalformedRequest)]
    [InlineData("a truncated message", ErrorReason.MalformedRequest)]
    [InlineData("two messages", ErrorReason.MalformedRequest)]
    [InlineData("a length beyond every limit", ErrorReason.MessageTooLarge)]
    [InlineData("invalid gzip", ErrorReason.MalformedRequest)]
    [InlineData("gzip that unpacks beyond the limit", ErrorReason.MessageTooLarge)]
    [InlineData("an unknown encoding", ErrorReason.Unimplemented)]
    [InlineData("compressed without an encoding", ErrorReason.MalformedRequest)]
    [InlineData("an invalid binary header", ErrorReason.JobNotFound)]
    [InlineData("an invalid timeout", ErrorReason.JobNotFound)]
    [InlineData("a timeout that expires", ErrorReason.DeadlineExceeded)]
    [InlineData("an unknown service", ErrorReason.Unimplemented)]
    public async Task BrokenCall_IsRefusedWithDetails(string what, ErrorReason reason)
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        using var client = new HttpClient(new SocketsHttpHandler());
        var job = await service.SubmitAsync();
        using var request = RequestOf(what, new WaitJobRequest { JobId = job.JobId, Etag = job.Etag }.ToByteArray());
        request.RequestUri = new Uri(service.Address, request.RequestUri!);

        using var response = await client.SendAsync(request, Cancellation);

        var body = await response.Content.ReadAsStringAsync(Cancellation);
        Refusal.AssertDisclosesNoInternals($"{response.Headers}{response.TrailingHeaders}{body}");
        var headers = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        var refusal = Refusal.Read(headers);
        Assert.Equal(reason, refusal.Reason);
    }

    [Theory]
    [InlineData("GET", "application/grpc")]
    [InlineData("POST", "text/plain")]
    [InlineData("POST", "application/json")]
    public async Task OtherRequest_IsRefusedAndRevealsNothing(string method, string contentType)
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        using var client = new HttpClient(new SocketsHttpHandler());
        using var request = Post(GetJob, [], contentType);
        request.Method = new HttpMethod(method);
        request.RequestUri = new Uri(service.Address, request.RequestUri!);

        using var response = await client.SendAsync(request, Cancellation);

        Assert.InRange((int)response.StatusCode, 400, 499);
        Refusal.AssertDisclosesNoInternals(
            $"{response.Headers}{response.TrailingHeaders}{await response.Content.ReadAsStringAsync(Cancellation)}");
    }

    private static void AssertIsUnexpected(Refusal refusal, RunningJobService service)
    {
        Assert.Equal(ErrorReason.Internal, refusal.Reason);
        var errorId = refusal.Info.Metadata["errorId"];
        Assert.Equal(
            $"The service failed unexpectedly. The log has the cause under error id {errorId}.", refusal.Message);
        Assert.Contains(
            service.LogLines,
            line => line.Contains(errorId, StringComparison.Ordinal)
                && line.Contains("Exception", StringComparison.Ordinal));
    }

    private static HttpRequestMessage RequestOf(string what, byte[] known)
    {
        var message = new GetJobRequest { JobId = Guid.NewGuid().ToString() }.ToByteArray();
        return what switch
        {
            "no body" => Post(GetJob, []),
            "an invalid message" => Post(GetJob, Framed(Plain, [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])),
            "a truncated message" => Post(GetJob, Framed(Plain, message)[..^3]),
            "two messages" => Post(GetJob, [.. Framed(Plain, message), .. Framed(Plain, message)]),
            "a length beyond every limit" => Post(GetJob, [Plain, 0xff, 0xff, 0xff, 0xff]),
            "invalid gzip" => With(Post(GetJob, Framed(Compressed, message)), "grpc-encoding", "gzip"),
            "gzip that unpacks beyond the limit" => With(
                Post(GetJob, Framed(Compressed, Gzip(new byte[200 << 20]))), "grpc-encoding", "gzip"),
            "an unknown encoding" =>
                With(Post(GetJob, Framed(Compressed, message)), "grpc-encoding", "snappy"),
            "compressed without an encoding" => Post(GetJob, Framed(Compressed, message)),
            "an invalid binary header" => With(Post(GetJob, Framed(Plain, message)), "x-test-bin", "!!!"),
            "an invalid timeout" => With(Post(GetJob, Framed(Plain, message)), "grpc-timeout", "soon"),
            "a timeout that expires" => With(Post(WaitJob, Framed(Plain, known)), "grpc-timeout", "100m"),
            "an unknown service" => Post("/foregsyte.v1.Absent/Get", Framed(Plain, message)),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, "Unknown case."),
        };
    }

    private static HttpRequestMessage Post(string path, byte[] body, string contentType = "application/grpc")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        request.Headers.TE.ParseAdd("trailers");
        return request;
    }

    private static HttpRequestMessage With(HttpRequestMessage request, string name, string value)
    {
        request.Headers.Add(name, value);
        return request;
    }

    private static byte[] Framed(byte flag, byte[] message)
    {
        var framed = new byte[5 + message.Length];
        framed[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        return framed;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return compressed.ToArray();
    }
}
