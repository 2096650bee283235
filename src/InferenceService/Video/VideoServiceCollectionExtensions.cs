using ForegSyte.Hosting.Configuration;
using ForegSyte.Inference.Memory;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Registers the services that read videos.</summary>
internal static class VideoServiceCollectionExtensions
{
    public static WebApplicationBuilder AddVideo(this WebApplicationBuilder builder)
    {
        builder.Services.AddCheckedOptions<VideoOptions>(VideoOptions.Section);
        builder.Services.AddCheckedOptions<MemoryOptions>(MemoryOptions.Section);
        builder.Services.AddSingleton<IPostConfigureOptions<MemoryOptions>, DefaultBudget>();
        builder.Services.AddSingleton(provider =>
            new MemoryBudget(provider.GetRequiredService<IOptions<MemoryOptions>>().Value.BudgetBytes));
        builder.Services.AddSingleton<DecoderTools>();
        builder.Services.AddSingleton<DecoderStartupCheck>();
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
}
