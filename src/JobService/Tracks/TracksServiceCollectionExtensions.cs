using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Jobs.Tracks;

/// <summary>Registers the tracks of jobs that are not completed.</summary>
internal static class TracksServiceCollectionExtensions
{
    public static void AddLiveTracks(this IServiceCollection services)
    {
        services.AddCheckedOptions<LiveTracksOptions>(LiveTracksOptions.Section);
        services.AddSingleton<LiveTracks>();
    }
}
