using System.Net;
using System.Net.Http.Headers;
using ForegSyte.Jobs.Storage;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>
/// No text of an exception and no path of the server leaves the service: not from its handlers, and not from what gRPC
/// and HTTP do before and after them.
/// </summary>
public sealed class InsidesTests
{
    private const string GetJob = "/foregsyte.v1.JobService/GetJob";
    private const string WaitJob = "/foregsyte.v1.JobService/WaitJob";
    private const byte Plain = 0;
    private const byte Packed = 1;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Reaches(ErrorReason.Internal)]
    public async Task SubmitVideo_StorageIsGone_TellsAnErrorIdAndNothingElse()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        Directory.Delete(service.PathOf(""), recursive: true);

        var refusal = await Refusal.OfAsync(
            service.Client.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation));

        AssertIsUnexpected(refusal, service);
    }

    [Fact]
    public async Task CancelJob_DatabaseIsClosed_TellsAnErrorIdAndNothingElse()
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
    public Task Message_OfNoType_IsMalformed() =>
        BrokenCall_IsRefusedWithDetails("a message that is none", ErrorReason.MalformedRequest);

    [Theory]
    [InlineData("no body", ErrorReason.MalformedRequest)]
    [InlineData("a message that is none", ErrorReason.MalformedRequest)]
    [InlineData("a message that is cut off", ErrorReason.MalformedRequest)]
    [InlineData("two messages", ErrorReason.MalformedRequest)]
    [InlineData("a length past every limit", ErrorReason.MessageTooLarge)]
    [InlineData("gzip that is none", ErrorReason.MalformedRequest)]
    [InlineData("gzip that unpacks past the limit", ErrorReason.MessageTooLarge)]
    [InlineData("an encoding that nobody knows", ErrorReason.Unimplemented)]
    [InlineData("packed without saying how", ErrorReason.MalformedRequest)]
    [InlineData("a binary header that is no base64", ErrorReason.JobNotFound)]
    [InlineData("a timeout that is none", ErrorReason.JobNotFound)]
    [InlineData("a timeout that passes", ErrorReason.DeadlineExceeded)]
    [InlineData("a service that is not there", ErrorReason.Unimplemented)]
    public async Task BrokenCall_IsRefusedWithDetails(string what, ErrorReason reason)
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        using var client = new HttpClient(new SocketsHttpHandler());
        var job = await service.SubmitAsync();
        using var request = Ask(what, new WaitJobRequest { JobId = job.JobId, Etag = job.Etag }.ToByteArray());
        request.RequestUri = new Uri(service.Address, request.RequestUri!);

        using var response = await client.SendAsync(request, Cancellation);

        var body = await response.Content.ReadAsStringAsync(Cancellation);
        Refusal.AssertTellsNoInsides($"{response.Headers}{response.TrailingHeaders}{body}");
        var headers = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        var refusal = Refusal.Read(headers);
        Assert.Equal(reason, refusal.Reason);
    }

    [Theory]
    [InlineData("GET", "application/grpc")]
    [InlineData("POST", "text/plain")]
    [InlineData("POST", "application/json")]
    public async Task NoGrpcCall_IsRefusedAndTellsNothing(string method, string contentType)
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        using var client = new HttpClient(new SocketsHttpHandler());
        using var request = Post(GetJob, [], contentType);
        request.Method = new HttpMethod(method);
        request.RequestUri = new Uri(service.Address, request.RequestUri!);

        using var response = await client.SendAsync(request, Cancellation);

        Assert.InRange((int)response.StatusCode, 400, 499);
        Refusal.AssertTellsNoInsides(
            $"{response.Headers}{response.TrailingHeaders}{await response.Content.ReadAsStringAsync(Cancellation)}");
    }

    private static void AssertIsUnexpected(Refusal refusal, RunningJobService service)
    {
        Assert.Equal(ErrorReason.Internal, refusal.Reason);
        var errorId = refusal.Info.Metadata["errorId"];
        Assert.Equal(
            $"The service failed unexpectedly. Its log has the cause under error id {errorId}.", refusal.Message);
        Assert.Contains(
            service.LogLines,
            line => line.Contains(errorId, StringComparison.Ordinal)
                && line.Contains("Exception", StringComparison.Ordinal));
    }

    private static HttpRequestMessage Ask(string what, byte[] known)
    {
        var message = new GetJobRequest { JobId = Guid.NewGuid().ToString() }.ToByteArray();
        return what switch
        {
            "no body" => Post(GetJob, []),
            "a message that is none" => Post(GetJob, Framed(Plain, [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])),
            "a message that is cut off" => Post(GetJob, Framed(Plain, message)[..^3]),
            "two messages" => Post(GetJob, [.. Framed(Plain, message), .. Framed(Plain, message)]),
            "a length past every limit" => Post(GetJob, [Plain, 0xff, 0xff, 0xff, 0xff]),
            "gzip that is none" => With(Post(GetJob, Framed(Packed, message)), "grpc-encoding", "gzip"),
            "gzip that unpacks past the limit" => With(
                Post(GetJob, Framed(Packed, Gzip(new byte[200 << 20]))), "grpc-encoding", "gzip"),
            "an encoding that nobody knows" =>
                With(Post(GetJob, Framed(Packed, message)), "grpc-encoding", "snappy"),
            "packed without saying how" => Post(GetJob, Framed(Packed, message)),
            "a binary header that is no base64" => With(Post(GetJob, Framed(Plain, message)), "x-test-bin", "!!!"),
            "a timeout that is none" => With(Post(GetJob, Framed(Plain, message)), "grpc-timeout", "soon"),
            "a timeout that passes" => With(Post(WaitJob, Framed(Plain, known)), "grpc-timeout", "100m"),
            "a service that is not there" => Post("/foregsyte.v1.Absent/Get", Framed(Plain, message)),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, "No such call."),
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
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        return framed;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }
}
