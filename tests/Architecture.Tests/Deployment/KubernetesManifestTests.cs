using ForegSyte.Testing;
using k8s;
using k8s.Models;

namespace ForegSyte.Architecture.Tests.Deployment;

/// <summary>
/// The manifest in deploy/kubernetes parses strictly with the models of the Kubernetes API, and its probes use the
/// health ports. The tests do not run it in a cluster.
/// </summary>
public sealed class KubernetesManifestTests
{
    private static readonly Dictionary<string, Type> Kinds = new()
    {
        ["v1/Namespace"] = typeof(V1Namespace),
        ["v1/ServiceAccount"] = typeof(V1ServiceAccount),
        ["v1/Service"] = typeof(V1Service),
        ["apps/v1/StatefulSet"] = typeof(V1StatefulSet),
        ["networking.k8s.io/v1/NetworkPolicy"] = typeof(V1NetworkPolicy),
    };

    private static string Manifest => File.ReadAllText(
        Path.Combine(RepositoryFiles.Root, "deploy", "kubernetes", "foregsyte.yaml"));

    [Fact]
    public void Manifest_ParsesStrictly() => Assert.Equal(5, Read(Manifest).Count);

    [Fact]
    public void Manifest_UnknownField_IsFound() => Assert.ThrowsAny<Exception>(
        () => Read(Manifest.Replace("readinessProbe:", "readynessProbe:", StringComparison.Ordinal)));

    [Fact]
    public void Pod_HasOneReplicaAndTimeToStop()
    {
        var set = Read(Manifest).OfType<V1StatefulSet>().Single();
        var stop = new ForegSyte.Hosting.Stopping.StopOptions();
        Assert.Equal(1, set.Spec.Replicas);
        Assert.InRange(
            set.Spec.Template.Spec.TerminationGracePeriodSeconds ?? 0,
            (long)(stop.GraceTime + stop.CancelTime).TotalSeconds + 1,
            long.MaxValue);
    }

    [Fact]
    public void Inference_MemoryLimit_MatchesTheDefaults()
    {
        var container = Read(Manifest).OfType<V1StatefulSet>().Single().Spec.Template.Spec.Containers
            .Single(each => each.Name == "inference");
        DefaultMemory.Check((long)container.Resources.Limits["memory"].ToDecimal());
    }

    [Fact]
    public void Probes_UseTheHealthPorts()
    {
        var containers = Read(Manifest).OfType<V1StatefulSet>().Single().Spec.Template.Spec.Containers;
        Assert.Equal(2, containers.Count);
        Assert.All(containers, container =>
        {
            var port = int.Parse(
                container.Env.Single(variable => variable.Name == "FOREGSYTE_Listen__HealthPort").Value,
                System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(port, container.StartupProbe.Grpc.Port);
            Assert.Equal(port, container.ReadinessProbe.Grpc.Port);
            Assert.Contains(container.Ports, each => each.ContainerPort == port);
        });
    }

    private static List<object> Read(string manifest) =>
        KubernetesYaml.LoadAllFromString(manifest, Kinds, strict: true);
}
