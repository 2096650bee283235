using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Reflection = Grpc.Reflection.V1;
using ReflectionAlpha = Grpc.Reflection.V1Alpha;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>Server reflection describes both services and the details of their errors.</summary>
[Collection(SharedCollection.Name)]
public sealed class ReflectionTests(SharedInstallation shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, "foregsyte.v1.JobService")]
    [InlineData(true, "foregsyte.v1.UploadService")]
    [InlineData(true, "foregsyte.v1.SearchService")]
    [InlineData(false, "foregsyte.inference.v1.InferenceService")]
    public async Task ListServices_BothVersions_NameTheServiceAndItsHealth(bool jobs, string service)
    {
        using var channel = GrpcChannel.ForAddress(AddressOf(jobs));
        using var call = new Reflection.ServerReflection.ServerReflectionClient(channel)
            .ServerReflectionInfo(cancellationToken: Token);
        await call.RequestStream.WriteAsync(
            new Reflection.ServerReflectionRequest { ListServices = "" }, Token);
        Assert.True(await call.ResponseStream.MoveNext(Token), "Reflection sent no response.");
        var names = call.ResponseStream.Current.ListServicesResponse.Service.Select(entry => entry.Name).ToList();
        Assert.Contains(service, names);
        Assert.Contains("grpc.health.v1.Health", names);

        using var alpha = new ReflectionAlpha.ServerReflection.ServerReflectionClient(channel)
            .ServerReflectionInfo(cancellationToken: Token);
        await alpha.RequestStream.WriteAsync(new ReflectionAlpha.ServerReflectionRequest { ListServices = "" }, Token);
        Assert.True(await alpha.ResponseStream.MoveNext(Token), "Reflection v1alpha sent no response.");
        Assert.Contains(
            service, alpha.ResponseStream.Current.ListServicesResponse.Service.Select(entry => entry.Name));
    }

    [Theory]
    [InlineData("google.rpc.ErrorInfo")]
    [InlineData("google.rpc.BadRequest")]
    [InlineData("google.rpc.RetryInfo")]
    [InlineData("google.rpc.ResourceInfo")]
    [InlineData("foregsyte.v1.ErrorReason")]
    [InlineData("foregsyte.v1.SubmitVideoRequest")]
    public async Task FileContainingSymbol_ErrorDetailTypes_IsServed(string symbol)
    {
        using var channel = GrpcChannel.ForAddress(AddressOf(jobs: true));
        using var call = new Reflection.ServerReflection.ServerReflectionClient(channel)
            .ServerReflectionInfo(cancellationToken: Token);
        await call.RequestStream.WriteAsync(
            new Reflection.ServerReflectionRequest { FileContainingSymbol = symbol }, Token);
        Assert.True(await call.ResponseStream.MoveNext(Token), "Reflection sent no response.");
        var files = call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto
            .Select(bytes => FileDescriptorProto.Parser.ParseFrom(bytes));
        var name = symbol[(symbol.LastIndexOf('.') + 1)..];
        Assert.Contains(files, file =>
            file.MessageType.Any(message => message.Name == name) || file.EnumType.Any(type => type.Name == name));
    }

    [Theory]
    [InlineData(true, "foregsyte.v1.JobService")]
    [InlineData(false, "foregsyte.inference.v1.InferenceService")]
    public async Task Check_ByName_IsServing(bool jobs, string service)
    {
        using var channel = GrpcChannel.ForAddress(AddressOf(jobs));
        var health = new Health.HealthClient(channel);
        var answer = await health.CheckAsync(new HealthCheckRequest { Service = service }, cancellationToken: Token);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, answer.Status);
        var unknown = await Assert.ThrowsAsync<RpcException>(async () =>
            await health.CheckAsync(new HealthCheckRequest { Service = "nothing" }, cancellationToken: Token));
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);
    }

    private Uri AddressOf(bool jobs) => jobs ? shared.Services.JobAddress : shared.Services.InferenceAddress;
}
