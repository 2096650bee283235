using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Jobs.Frames;

/// <summary>Registers the pictures of frames.</summary>
internal static class FramesServiceCollectionExtensions
{
    public static void AddFrames(this IServiceCollection services)
    {
        services.AddCheckedOptions<FrameOptions>(FrameOptions.Section);
        services.AddSingleton<FramePictures>();
        services.AddSingleton<AnnotatedCopies>();
    }
}
