using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Tests.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.Pipelines;

/// <summary>All parts as the service registers them, on the committed data.</summary>
public sealed class PipelineServiceCollectionExtensionsTests
{
    [Fact]
    public async Task YoloOcr_OnTheSample_FindsPersonsAndReadsTheCaption()
    {
        await using var services = Build([]);
        var catalogue = services.GetRequiredService<PipelineCatalogue>();
        await services.GetRequiredService<PipelineWarmUp>().RunAsync(TestContext.Current.CancellationToken);
        var frames = await SampleFrames.ReadAsync(10);
        var results = new List<FrameResult>();

        await foreach (var result in services.GetRequiredService<PipelineRunner>().RunAsync(
            catalogue.Find("yolo_ocr")!, "", frames.ToAsyncEnumerable(), frames.Count,
            new SegmentMeter(TimeProvider.System), null, null, TestContext.Current.CancellationToken))
        {
            results.Add(result.Result);
        }

        Assert.Equal(frames.Select(frame => frame.Index), results.Select(result => result.FrameIndex));
        Assert.All(results, result => Assert.Equal("GATE 07 NORTH", result.Result.Text));
        Assert.All(results, result => Assert.Contains(result.Result.Detections, item => item.Label == "person"));
    }

    [Fact]
    public async Task Catalogue_OfTheCommittedData_HasPipelinesModelsAndSizes()
    {
        await using var services = Build([]);

        var catalogue = services.GetRequiredService<PipelineCatalogue>();

        Assert.Equal(["detect_only", "ocr_only", "yolo_ocr"], catalogue.All.Select(pipeline => pipeline.Id));
        Assert.Equal(
            ["nanodet_g_416_int8", "ppocr_v2_direction", "ppocr_v4_detection", "ppocr_v4_recognition"],
                catalogue.Models.Select(model => model.Id));
        Assert.Equal(DecodeSize.Shaped(416, 416), catalogue.Find("detect_only")!.DecodeSize);
        Assert.Equal(
            new DecodeSize(null, null) { ShapedCopies = new([(416, 416)]) }, catalogue.Find("yolo_ocr")!.DecodeSize);
        Assert.Equal(DecodeSize.Native, catalogue.Find("ocr_only")!.DecodeSize);
        Assert.Null(catalogue.Find("nothing"));
    }

    [Theory]
    [InlineData("Device:Provider", "9")]
    [InlineData("Device:IntraOpThreads", "-1")]
    [InlineData("Stages:TextMaxSide", "16")]
    [InlineData("Device:ConcurrentRuns", "-1")]
    [InlineData("Stages:TextLinesPerRun", "129")]
    [InlineData("Pipelines:FramesAhead", "0")]
    [InlineData("Models:CataloguePath", "")]
    public void Options_OutOfRange_StopTheStart(string key, string value)
    {
        using var services = Build(new() { [key] = value });

        var failure = Assert.ThrowsAny<OptionsValidationException>(
            () => services.GetRequiredService<IStartupValidator>().Validate());

        Assert.Contains(key.Split(':')[1], failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_Provider_IsReadInLowerCase()
    {
        using var services = Build(new() { ["Device:Provider"] = "tensorrt" });

        Assert.Equal(DeviceProvider.TensorRt, services.GetRequiredService<IOptions<DeviceOptions>>().Value.Provider);
    }

    private static ServiceProvider Build(Dictionary<string, string?> settings)
    {
        settings["DataDirectory"] = RepositoryFiles.Data;
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        return new ServiceCollection()
            .AddLogging()
            .AddSingleton(configuration)
            .AddPipelines(configuration)
            .BuildServiceProvider();
    }
}
