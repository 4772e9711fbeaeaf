# Servers are found by a tag; the role of the instance may list instances, so there is no access key.
server         = false
data_dir       = "/consul/data"
bind_addr      = "{{ GetInterfaceIP \"eth0\" }}"
retry_join     = ["provider=aliyun region=cn-hangzhou tag_key=type tag_value=consul-nomad-server"]
ports { grpc = 8502 }
connect { enabled = true }
