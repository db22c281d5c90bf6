{{/* The name of a service where names must be DNS labels. */}}
{{- define "fraud.name" -}}
{{- . | replace "_" "-" -}}
{{- end -}}

{{/* Whether a part is of this release: all are, unless `only` names some. */}}
{{- define "fraud.included" -}}
{{- $root := index . 0 -}}{{- $part := index . 1 -}}
{{- if or (empty $root.Values.only) (has $part $root.Values.only) -}}yes{{- end -}}
{{- end -}}

{{- define "fraud.selector" -}}
app.kubernetes.io/part-of: fraud
app.kubernetes.io/name: {{ include "fraud.name" . }}
{{- end -}}

{{/* Labels of a part: (list root name version). */}}
{{- define "fraud.labels" -}}
{{ include "fraud.selector" (index . 1) }}
app.kubernetes.io/version: {{ index . 2 | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
{{- end -}}

{{/* What the restricted Pod Security Standard wants of a pod. */}}
{{- define "fraud.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "fraud.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Variables from secrets: (list root names). Each name is a key of the secret that
     `secrets.of` gives it, else of `secrets.name`. */}}
{{- define "fraud.secrets" -}}
{{- $root := index . 0 -}}
{{- range index . 1 }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      name: {{ get $root.Values.secrets.of . | default $root.Values.secrets.name }}
      key: {{ . }}
{{- end }}
{{- end -}}

{{/* Egress to one store: (list root store). */}}
{{- define "fraud.toStore" -}}
{{- $store := get (index . 0).Values.stores (index . 1) -}}
- to:
    {{- toYaml $store.to | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ $store.port }}}
{{- end -}}
