using ForegSyte.Hosting.Configuration;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.RemoteVideos;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Registers the services that read videos.</summary>
internal static class VideoServiceCollectionExtensions
{
    public static WebApplicationBuilder AddVideo(this WebApplicationBuilder builder)
    {
        builder.Services.AddCheckedOptions<VideoOptions>(VideoOptions.Section, KeysOf<RemoteVideoOptions>());
        builder.Services.AddCheckedOptions<RemoteVideoOptions>(RemoteVideoOptions.Section, KeysOf<VideoOptions>());
        builder.Services.AddCheckedOptions<MemoryOptions>(MemoryOptions.Section);
        builder.Services.AddSingleton<IPostConfigureOptions<MemoryOptions>, DefaultBudget>();
        builder.Services.AddSingleton(provider =>
            new MemoryBudget(provider.GetRequiredService<IOptions<MemoryOptions>>().Value.BudgetBytes));
        builder.Services.AddSingleton<DecoderTools>();
        builder.Services.AddSingleton<DecoderStartupCheck>();
        builder.Services.AddSingleton<RangeClient>();
        builder.Services.AddSingleton<RemoteLocations>();
        builder.Services.AddSingleton<VideoCache>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<VideoCache>());
        builder.Services.AddSingleton<VideoSources>();
        builder.Services.AddSingleton<VideoIndexCache>();
        builder.Services.AddSingleton<VideoProbe>();
        builder.Services.AddSingleton<DecoderPool>();
        builder.Services.AddSingleton<DamageScan>();
        builder.Services.AddSingleton<FrameSource>();
        builder.Services.AddSingleton<DecoderSelfTest>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<DecoderSelfTest>());
        return builder;
    }

    /// <summary>The keys of an options class that shares a section with another one.</summary>
    private static string[] KeysOf<TOptions>() => [.. typeof(TOptions).GetProperties().Select(key => key.Name)];
}
